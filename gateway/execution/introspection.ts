import {
  executeSync,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'

/** Whether a field of the root of queries is about the schema; no subgraph is asked for it. */
export function isIntrospection(fieldName: string): boolean {
  return fieldName === '__schema' || fieldName === '__type'
}

/** Answers the introspection in an operation, from what clients see of the schema. */
export class Introspection {
  readonly #schema: GraphQLSchema
  readonly #operation: OperationDefinitionNode
  readonly #fragments: readonly FragmentDefinitionNode[]

  /** @param fragments whatever the operation may spread. */
  constructor(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  ) {
    this.#schema = schema
    this.#operation = operation
    this.#fragments = [...fragments.values()]
  }

  /**
   * The value of one field of the operation's root.
   *
   * @param nodes all of its selections.
   * @throws GraphQLError when it cannot be answered.
   */
  answer(nodes: readonly FieldNode[], variables: Readonly<Record<string, unknown>>): unknown {
    const operation = {
      ...this.#operation,
      selectionSet: { kind: Kind.SELECTION_SET, selections: nodes },
    } as OperationDefinitionNode
    const { data, errors } = executeSync({
      schema: this.#schema,
      document: { kind: Kind.DOCUMENT, definitions: [operation, ...this.#fragments] },
      rootValue: {},
      variableValues: variables,
    })
    if (errors?.[0]) throw errors[0]
    const [value = null] = Object.values(data ?? {})
    return value
  }
}
