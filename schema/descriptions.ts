import type { DefinitionNode, DocumentNode, FieldDefinitionNode, StringValueNode } from 'graphql'

type Element = {
  /** A schema coordinate: `Type`, `Type.field`, `Type.field(argument:)`, `Enum.VALUE`, `@directive(argument:)`. */
  readonly coordinate: string
  readonly node: { readonly description?: StringValueNode | undefined }
}

/** Lists the coordinates of all elements that say nothing about themselves, in the order of the document. */
export function undescribedElements(document: DocumentNode): string[] {
  return document.definitions
    .flatMap((definition) => [...elementsOf(definition)])
    .filter(({ node }) => !node.description?.value.trim())
    .map(({ coordinate }) => coordinate)
}

function* elementsOf(definition: DefinitionNode): Generator<Element> {
  switch (definition.kind) {
    case 'DirectiveDefinition':
      yield* withArguments(`@${definition.name.value}`, definition)
      break
    case 'ScalarTypeDefinition':
    case 'UnionTypeDefinition':
      yield { coordinate: definition.name.value, node: definition }
      break
    case 'ObjectTypeDefinition':
    case 'InterfaceTypeDefinition':
    case 'InputObjectTypeDefinition':
      yield { coordinate: definition.name.value, node: definition }
      yield* membersOf(definition.name.value, definition.fields)
      break
    case 'ObjectTypeExtension':
    case 'InterfaceTypeExtension':
    case 'InputObjectTypeExtension':
      yield* membersOf(definition.name.value, definition.fields)
      break
    case 'EnumTypeDefinition':
      yield { coordinate: definition.name.value, node: definition }
      yield* membersOf(definition.name.value, definition.values)
      break
    case 'EnumTypeExtension':
      yield* membersOf(definition.name.value, definition.values)
      break
  }
}

type Member = Element['node'] & Pick<FieldDefinitionNode, 'name' | 'arguments'>

function* membersOf(type: string, members: readonly Member[] = []): Generator<Element> {
  for (const member of members) yield* withArguments(`${type}.${member.name.value}`, member)
}

function* withArguments(coordinate: string, node: Member): Generator<Element> {
  yield { coordinate, node }
  for (const argument of node.arguments ?? []) {
    yield { coordinate: `${coordinate}(${argument.name.value}:)`, node: argument }
  }
}
