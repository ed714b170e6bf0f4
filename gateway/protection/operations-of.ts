import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql'

export function operationsOf(document: DocumentNode): OperationDefinitionNode[] {
  return document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
}
