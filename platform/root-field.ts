import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'

/**
 * What an operation asks for, in words that the schema bounds: the field at its root, `several` when there is more than
 * one, `introspection` when it only asks about the schema.
 *
 * @param operation of the document, which is valid.
 */
export function rootFieldOf({ selectionSet }: OperationDefinitionNode, document: DocumentNode): string {
  const fields = new Set<string>()
  // Each fragment once: those that hold one another twice over would be looked through a million times.
  const fragments = new Map(document.definitions.filter(isFragment).map((it) => [it.name.value, it.selectionSet]))
  const look = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) fields.add(selection.name.value)
      else if (selection.kind === Kind.INLINE_FRAGMENT) look(selection.selectionSet)
      else {
        const fragment = fragments.get(selection.name.value)
        fragments.delete(selection.name.value)
        if (fragment) look(fragment)
      }
    }
  }
  look(selectionSet)
  const asked = [...fields].filter((name) => !name.startsWith('__'))
  const [only = 'introspection'] = asked
  return asked.length > 1 ? 'several' : only
}

function isFragment(definition: DefinitionNode): definition is FragmentDefinitionNode {
  return definition.kind === Kind.FRAGMENT_DEFINITION
}
