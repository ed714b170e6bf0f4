import type { FetchNode } from '@apollo/query-planner'
import { type FieldNode, Kind, parseType, valueFromASTUntyped } from 'graphql'
import type { Delivery, Resumable } from '../supergraph/delivery.ts'
import { UpstreamDocument } from './upstream-document.ts'

/** What is sent to a subgraph. */
export interface UpstreamOperation {
  readonly query: string
  readonly operationName: string | undefined
  /** The client's variables that it takes. */
  readonly variables: readonly string[]
}

/** Takes a resumable subscription up again. */
export interface ResumingOperation extends UpstreamOperation {
  /** The variable that takes the position. */
  readonly after: string
}

/** Where an event carries its position: under an alias in the root field, whose response key is `field`. */
export interface PositionPath {
  readonly field: string
  readonly alias: string
}

/** What a subscription asks its subgraph for: as it was planned, and from where it was interrupted. */
export interface UpstreamOperations {
  readonly delivery: Delivery | undefined
  readonly opening: UpstreamOperation
  /** Only of a resumable subscription. */
  readonly resumption: Resumption | undefined
}

/** How one resumable subscription is taken up again. */
export interface Resumption {
  readonly operation: ResumingOperation
  readonly position: PositionPath
  /** The position that the client itself asked to begin after; null or undefined when it did not. */
  beginsAfter(variables: Readonly<Record<string, unknown>>): unknown
}

/**
 * Makes a subscription's operations out of the fetch that the planner made. Of a resumable one both ask for the position
 * of each event, besides what the client asks for.
 *
 * @param delivery by the name of the root field.
 */
export function upstreamOperations(primary: FetchNode, delivery: ReadonlyMap<string, Delivery>): UpstreamOperations {
  const { operation: query, operationName, variableUsages: variables = [] } = primary
  const opening = { query, operationName, variables }
  const planned = UpstreamDocument.parse(query)
  const root = planned.rootField
  const kind = root && delivery.get(root.name.value)
  if (!root || kind?.kind !== 'resumable') return { delivery: kind, opening, resumption: undefined }
  const alias = unusedName('parley__position', query)
  const positioned = planned.edit((field) => withPosition(field, kind, alias))
  return {
    delivery: kind,
    opening: { ...opening, query: String(positioned) },
    resumption: {
      operation: { operationName, ...resuming(positioned, kind, unusedName('parley__after', query)) },
      position: { field: (root.alias ?? root.name).value, alias },
      beginsAfter: beginning(planned, root, kind),
    },
  }
}

function withPosition(field: FieldNode, { position }: Resumable, alias: string): FieldNode {
  const asked: FieldNode = { kind: Kind.FIELD, alias: nameNode(alias), name: nameNode(position) }
  const selections = [...(field.selectionSet?.selections ?? []), asked]
  return { ...field, selectionSet: { kind: Kind.SELECTION_SET, selections } }
}

function resuming(positioned: UpstreamDocument, { argument }: Resumable, after: string) {
  const variable = { kind: Kind.VARIABLE, name: nameNode(after) } as const
  const document = positioned
    .edit((field) => {
      const others = (field.arguments ?? []).filter(({ name }) => name.value !== argument.name)
      const own = { kind: Kind.ARGUMENT, name: nameNode(argument.name), value: variable } as const
      return { ...field, arguments: [...others, own] }
    })
    .declare({ kind: Kind.VARIABLE_DEFINITION, variable, type: parseType(argument.type, { noLocation: true }) })
  const declared = document.variableDefinitions.map((definition) => definition.variable.name.value)
  return { query: String(document), variables: declared.filter((name) => name !== after), after }
}

function beginning(planned: UpstreamDocument, root: FieldNode, { argument }: Resumable): Resumption['beginsAfter'] {
  const given = root.arguments?.find(({ name }) => name.value === argument.name)?.value
  if (!given) return () => argument.defaultValue
  const defaults: Record<string, unknown> = {}
  for (const { variable, defaultValue } of planned.variableDefinitions) {
    if (defaultValue) defaults[variable.name.value] = valueFromASTUntyped(defaultValue)
  }
  return (variables) => {
    const value = valueFromASTUntyped(given, { ...defaults, ...variables })
    return value === undefined ? argument.defaultValue : value
  }
}

/** A name that nothing in the query has. */
function unusedName(wish: string, query: string): string {
  return query.includes(wish) ? unusedName(`${wish}_`, query) : wish
}

function nameNode(value: string) {
  return { kind: Kind.NAME, value } as const
}
