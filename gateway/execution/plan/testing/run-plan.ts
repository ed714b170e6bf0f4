import type { FetchNode, PlanNode, QueryPlanSelectionNode, SubscriptionNode } from '@apollo/query-planner'
import { buildSchema, getOperationAST, type OperationTypeNode, parse } from 'graphql'
import type { OperationContext } from '../../operation-context.ts'
import { compilePlan } from '../compiled-plan.ts'
import type { PlanRun } from '../plan-run.ts'
import { type Script, ScriptedSource } from './scripted-source.ts'

export const SCHEMA = buildSchema(`
  interface Node { id: ID! }
  interface Account implements Node { id: ID! }
  type User implements Account & Node { id: ID! name: String size: Size }
  type Bot implements Account & Node { id: ID! name: String }
  type Note implements Node { id: ID! author: Account }
  type Size { width: Int height: Int }
  union Thing = User | Note
  type Query { me: User }
`)

/** A plan's run with everything that comes of it. */
export interface Ran {
  readonly data: Record<string, unknown>
  /** With the path of each, and the code where it has one. */
  readonly errors: readonly { message: string; path?: unknown; code?: unknown }[]
  readonly sources: ReadonlyMap<string, ScriptedSource>
}

/** Compiles and runs a plan that was written by hand. */
export async function runPlan(
  node: PlanNode | SubscriptionNode,
  scripts: Record<string, Script>,
  more: Partial<Pick<PlanRun, 'variables' | 'event' | 'data'>> & { source?: string; signal?: AbortSignal } = {},
): Promise<Ran> {
  const operation = getOperationAST(parse(more.source ?? '{ me { id } }')) ?? {}
  const plan = compilePlan({ joinedSchema: SCHEMA }, { kind: 'QueryPlan', node }, operation)
  const sources = new Map(Object.entries(scripts).map(([name, script]) => [name, new ScriptedSource(name, script)]))
  const errors: unknown[] = []
  const data: Record<string, unknown> = more.data ?? Object.create(null)
  const context = contextWith(more.signal ?? new AbortController().signal)
  await plan.run({ data, errors, variables: more.variables ?? {}, sources, context, event: more.event })
  return { data, errors: errors.map(described), sources }
}

export function contextWith(signal: AbortSignal): OperationContext {
  return { requestId: 'test', viewer: null, forwarded: {}, signal }
}

function described(error: unknown) {
  const { message, path, originalError = error } = error as Error & { path?: unknown; originalError?: unknown }
  const { code } = originalError as { code?: unknown }
  return { message, ...(path !== undefined && { path }), ...(code !== undefined && { code }) }
}

export function fetch(serviceName: string, operation: string, more: Partial<FetchNode> = {}): FetchNode {
  const operationKind = 'query' as OperationTypeNode
  return { kind: 'Fetch', serviceName, operation, operationName: undefined, operationKind, ...more }
}

/** A fetch of entities of one type by their ids, at a path such as `notes.@.author`. */
export function flatten(path: string, node: FetchNode): PlanNode {
  return { kind: 'Flatten', path: path.split('.'), node }
}

export const ENTITIES =
  'query($representations:[_Any!]!){_entities(representations:$representations){...on User{name}}}'

/** What is required of entities of a type: their type, and these fields. */
export function required(typeCondition: string, ...fields: (string | QueryPlanSelectionNode)[]) {
  const selections = ['__typename', ...fields].map(
    (it): QueryPlanSelectionNode => (typeof it === 'string' ? { kind: 'Field', name: it } : it),
  )
  return { kind: 'InlineFragment', typeCondition, selections } as const
}
