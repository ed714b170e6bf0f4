import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getVariableValues,
  isCompositeType,
  isEnumType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js'

/**
 * Tells what of an answer does not fit its operation (GraphQL specification §6.4: the order of its keys, which of them
 * there are, null only where the schema allows it, lists and objects where it says so). The types of objects are not
 * known where nobody asked for them: one that fits is enough.
 *
 * @param mayBeUntyped whether an object may be taken for nothing more than its interface, because what knows its type failed.
 * @returns nothing when all of it fits.
 */
export function findMisfit(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
  data: unknown,
  mayBeUntyped = false,
): string | undefined {
  const operation = document.definitions.find((it) => it.kind === Kind.OPERATION_DEFINITION)
  const root = operation && schema.getRootType(operation.operation)
  if (!operation || !root) throw new Error('The document has no operation that the schema could run.')
  if (data === null || data === undefined) return undefined
  return new ShapeCheck(schema, document, operation, variables, mayBeUntyped).root(root, operation, data)
}

class ShapeCheck {
  readonly #schema: GraphQLSchema
  readonly #fragments: Record<string, FragmentDefinitionNode> = {}
  readonly #variables: Record<string, unknown>
  readonly #mayBeUntyped: boolean

  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
    mayBeUntyped: boolean,
  ) {
    this.#schema = schema
    this.#mayBeUntyped = mayBeUntyped
    for (const it of document.definitions) if (it.kind === Kind.FRAGMENT_DEFINITION) this.#fragments[it.name.value] = it
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
    if (errors) throw new AggregateError(errors, 'The variables do not fit.')
    this.#variables = coerced
  }

  root(type: GraphQLObjectType, operation: OperationDefinitionNode, data: unknown): string | undefined {
    const fields = collectFields(this.#schema, this.#fragments, this.#variables, type, operation.selectionSet)
    return this.#object(type, fields, data as Record<string, unknown>, '')
  }

  #object(
    type: GraphQLObjectType,
    fields: ReadonlyMap<string, readonly FieldNode[]>,
    data: Record<string, unknown>,
    path: string,
  ): string | undefined {
    const [expected, found] = [[...fields.keys()].join(' '), Object.keys(data).join(' ')]
    if (expected !== found) return `${path || 'the answer'} has the keys ${found}, not ${expected} as ${type} has`
    for (const [key, nodes] of fields) {
      const misfit = this.#field(type, nodes, data[key], `${path}.${key}`)
      if (misfit) return misfit
    }
    return undefined
  }

  #field(parent: GraphQLObjectType, nodes: readonly FieldNode[], value: unknown, path: string): string | undefined {
    const name = nodes[0]?.name.value ?? ''
    if (name === '__typename') return value === parent.name ? undefined : `${path} is ${value}, not ${parent.name}`
    if (name.startsWith('__')) return undefined
    const field = parent.getFields()[name]
    if (!field) return `${path} is of no field of ${parent}`
    // The executors go by the type of the field that the client named, which an interface may have less strict.
    const mayBeNull = parent.getInterfaces().some((it) => !isNonNullType(it.getFields()[name]?.type))
    return value === null && mayBeNull ? undefined : this.#value(field.type, nodes, value, path)
  }

  #value(type: GraphQLOutputType, nodes: readonly FieldNode[], value: unknown, path: string): string | undefined {
    if (isNonNullType(type)) {
      return value === null ? `${path} is null` : this.#value(type.ofType, nodes, value, path)
    }
    if (value === null) return undefined
    if (isListType(type)) {
      if (!Array.isArray(value)) return `${path} is no list`
      return firstOf(value, (item, index) => this.#value(type.ofType, nodes, item, `${path}[${index}]`))
    }
    if (isEnumType(type)) return type.getValue(String(value)) ? undefined : `${path} is ${value}, no value of ${type}`
    if (!isCompositeType(type)) return value === undefined ? `${path} is not there` : undefined
    if (typeof value !== 'object' || Array.isArray(value)) return `${path} is no object`
    const types: GraphQLObjectType[] = isObjectType(type) ? [type] : [...this.#schema.getPossibleTypes(type)]
    // An interface has all that is needed of a type to look for its fields.
    if (isInterfaceType(type) && this.#mayBeUntyped) types.push(type as unknown as GraphQLObjectType)
    const misfits = types.map((it) =>
      this.#object(it, this.#subfields(it, nodes), value as Record<string, unknown>, path),
    )
    return misfits.includes(undefined) ? undefined : misfits.join(', or ')
  }

  #subfields(type: GraphQLObjectType, nodes: readonly FieldNode[]): ReadonlyMap<string, readonly FieldNode[]> {
    return collectSubfields(this.#schema, this.#fragments, this.#variables, type, nodes)
  }
}

function firstOf<T>(items: readonly T[], check: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = check(item, index)
    if (found) return found
  }
  return undefined
}
