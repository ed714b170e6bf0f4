/**
 * What it costs to complete one event of a subscription with one fetch of an entity: by Apollo's stock executor and by
 * ours, in turns, in this one process, over one and the same scripted subgraph, which answers without any I/O.
 */
import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway'
import type { PlanNode, QueryPlan } from '@apollo/query-planner'
import { parse } from 'graphql'
import { compileOperation } from '../../gateway/execution/operation-plans.ts'
import type { SubgraphResponse } from '../../gateway/execution/subgraph-response.ts'
import type { SubgraphSource } from '../../gateway/execution/subgraph-source.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { WATCH } from './events-graph.ts'

/** What this process is asked. */
export interface EventQuestion {
  /** Path of the supergraph's SDL. */
  readonly supergraph: string
  readonly rounds: number
  /** Of each executor in a round. */
  readonly events: number
}

/** CPU time per event, in microseconds, round by round; and an event's result by each, as JSON. */
export interface EventCosts {
  readonly stock: readonly number[]
  readonly ours: readonly number[]
  readonly results: readonly [stock: string, ours: string]
}

type Complete = () => Promise<{ readonly data?: unknown; readonly errors?: readonly unknown[] }>
type StockRequest = Parameters<typeof executeQueryPlan>[2]

const VARIABLES = { room: '1' }
/** Takes the place of the subgraph that the event came from. */
const EVENT = '#event'

process.on('disconnect', () => process.exit(0))
process.on('message', async (question: EventQuestion) => process.send?.(await compare(question)))

async function compare({ supergraph, rounds, events }: EventQuestion): Promise<EventCosts> {
  const loaded = await loadSupergraph(supergraph, {})
  const document = parse(WATCH)
  const { queryPlan, complete: ours } = ourExecutor(loaded, document)
  const stock = stockExecutor(loaded, document, queryPlan)
  const costs = { stock: [] as number[], ours: [] as number[] }
  for (let round = 0; round <= rounds; round += 1) {
    const taken = { stock: await costOf(stock, events), ours: await costOf(ours, events) }
    // The first round warms up.
    if (round === 0) continue
    costs.stock.push(taken.stock)
    costs.ours.push(taken.ours)
  }
  return { ...costs, results: [JSON.stringify(await stock()), JSON.stringify(await ours())] }
}

function ourExecutor(supergraph: Awaited<ReturnType<typeof loadSupergraph>>, document: ReturnType<typeof parse>) {
  const operation = compileOperation(supergraph, document, undefined)
  const auth: SubgraphSource = { name: 'auth', ask: async () => authAnswer() }
  const sources = new Map([['auth', auth]])
  const context = {
    requestId: '',
    viewer: null,
    forwarded: {},
    signal: new AbortController().signal,
  } as never
  const complete: Complete = () => operation.run({ variables: VARIABLES, sources, context, event: newEvent() })
  return { queryPlan: operation.queryPlan, complete }
}

function stockExecutor(
  supergraph: Awaited<ReturnType<typeof loadSupergraph>>,
  document: ReturnType<typeof parse>,
  { node }: QueryPlan,
): Complete {
  if (node?.kind !== 'Subscription' || !node.rest) throw new Error('The plan is not one of a subscription.')
  const nodes: PlanNode[] = [{ ...node.primary, serviceName: EVENT }, node.rest]
  const plan: QueryPlan = { kind: 'QueryPlan', node: { kind: 'Sequence', nodes } }
  const operation = buildOperationContext({ schema: supergraph.clientSchema, operationDocument: document })
  const sources: Record<string, GraphQLDataSource> = {
    [EVENT]: { process: async () => newEvent() },
    auth: { process: async () => authAnswer() },
  }
  const request = { request: { variables: VARIABLES }, context: {}, logger: console, metrics: {} }
  return async () =>
    executeQueryPlan(
      plan,
      sources,
      request as unknown as StockRequest,
      operation,
      supergraph.joinedSchema,
      supergraph.plannedSchema,
    ) as ReturnType<Complete>
}

async function costOf(complete: Complete, events: number): Promise<number> {
  const before = process.cpuUsage()
  for (let done = 0; done < events; done += 1) {
    const { errors } = await complete()
    if (errors?.length) throw errors[0]
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / events
}

function newEvent(): SubgraphResponse {
  const author = { __typename: 'User', id: 'u1' }
  return { data: { messageAdded: { id: 'm1', body: 'Does anybody know by when the tests have to pass?', author } } }
}

function authAnswer(): SubgraphResponse {
  return { data: { _entities: [{ __typename: 'User', displayName: 'Ada Byron' }] } }
}
