import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
  valueFromASTUntyped,
} from 'graphql'
import { fragmentsOf } from '../fragments-of.ts'
import { CostExceededError } from './limit-exceeded-error.ts'

const MUTATION_COST = 10
/** Objects on a page whose size nobody gives. */
const DEFAULT_PAGE = 50

/** An operation of a valid document, and what a client sent as its variables, not looked at yet. */
export interface OperationToRun {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly variables: unknown
}

type Type = GraphQLNamedType | null | undefined

/**
 * @returns what the operation costs, see {@link costOf}.
 * @throws CostExceededError when that is more than `limit`.
 */
export function checkCost(schema: GraphQLSchema, request: OperationToRun, limit: number): number {
  const cost = costOf(schema, request)
  if (cost > limit) throw new CostExceededError(cost, limit)
  return cost
}

/**
 * A field of objects costs 1 and, times its page, what is asked of them; a list with a page of its own 1 for each of its
 * objects; a mutation 10 instead of 1, scalars and introspection nothing, a deferred fragment 1 for the part that it makes
 * of the answer, a subscription what one event does. An upper bound: it takes pages to be full, fragments on several types
 * all to apply, and nothing to be left out by `@skip` or `@include`.
 */
export function costOf(schema: GraphQLSchema, { document, operation, variables }: OperationToRun): number {
  const defined = operation.variableDefinitions ?? []
  const defaults = defined.map(({ variable, defaultValue: it }) => [variable.name.value, it && valueFromASTUntyped(it)])
  const values = { ...Object.fromEntries(defaults), ...(variables ?? {}) }
  const fragments = fragmentsOf(document)
  const costs = new Map<SelectionSetNode, number>()

  const ofSet = (parent: Type, set: SelectionSetNode | undefined): number => {
    if (!set) return 0
    const cost = costs.get(set) ?? set.selections.reduce((total, it) => bounded(total + ofSelection(parent, it)), 0)
    costs.set(set, cost)
    return cost
  }

  const ofSelection = (parent: Type, node: SelectionNode): number => {
    if (node.kind === Kind.FIELD) return ofField(parent, node)
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node
    const condition = fragment?.typeCondition
    const part = node.directives?.some(({ name }) => name.value === 'defer') ? 1 : 0
    return bounded(part + ofSet(condition ? typeFromAST(schema, condition) : parent, fragment?.selectionSet))
  }

  const ofField = (parent: Type, node: FieldNode): number => {
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined
    if (!field) return 0
    const page = pageOf(field, node, values)
    const below = ofSet(getNamedType(field.type), node.selectionSet)
    // A page is the objects of the list itself, or of a list within the one object: a connection's.
    const objects = isListType(getNullableType(field.type)) ? page : 1
    if (parent === schema.getMutationType()) return bounded(MUTATION_COST + page * below)
    return node.selectionSet ? bounded(objects + page * below) : 0
  }

  return ofSet(schema.getRootType(operation.operation), operation.selectionSet)
}

function pageOf(field: GraphQLField<unknown, unknown>, node: FieldNode, values: Record<string, unknown>): number {
  const sizes = field.args
    .filter(({ name }) => name === 'first' || name === 'last')
    .map(({ name, defaultValue }) => {
      const given = node.arguments?.find((argument) => argument.name.value === name)?.value
      return (given && valueFromASTUntyped(given, values)) ?? defaultValue
    })
  const numbers = sizes.filter((size) => typeof size === 'number')
  if (numbers.length > 0) return bounded(Math.max(1, ...numbers))
  return sizes.length > 0 ? DEFAULT_PAGE : 1
}

const bounded = (cost: number) => Math.min(cost, Number.MAX_SAFE_INTEGER)
