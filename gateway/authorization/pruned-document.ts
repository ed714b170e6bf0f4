import {
  type ASTNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql'

/** A document of one operation, with the fragments that it spreads and the definitions of the variables that it uses. */
export function prunedDocument(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): DocumentNode {
  const variables = new Set<string>()
  const spread = new Map<string, FragmentDefinitionNode>()
  const addFrom = (node: ASTNode): void => {
    visit(node, {
      VariableDefinition: () => false,
      Variable: ({ name }) => {
        variables.add(name.value)
      },
      FragmentSpread: ({ name }) => {
        const fragment = spread.has(name.value) ? undefined : fragments.get(name.value)
        if (!fragment) return
        spread.set(name.value, fragment)
        addFrom(fragment)
      },
    })
  }
  addFrom(operation)
  const { variableDefinitions } = operation
  const used = variableDefinitions?.filter(({ variable }) => variables.has(variable.name.value))
  const pruned = { ...operation, ...(used && { variableDefinitions: used }) }
  return { kind: Kind.DOCUMENT, definitions: [pruned, ...spread.values()] }
}
