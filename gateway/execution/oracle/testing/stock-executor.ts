import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway'
import type { QueryPlan } from '@apollo/query-planner'
import type { DocumentNode } from 'graphql'
import type { LoadedSupergraph } from '../../../supergraph/supergraph.ts'
import { type ExecuteQueryPlan, repairedExecuteQueryPlan } from './stock-repairs.ts'
import type { TrialResult } from './trial-result.ts'

/**
 * The stock executor as it is published.
 *
 * @param sources of subgraphs.
 */
export function runStock(run: StockRun): Promise<TrialResult> {
  return runWith(executeQueryPlan, run)
}

/** The stock executor without the faults that {@link repairedExecuteQueryPlan} knows of. */
export function runRepairedStock(run: StockRun): Promise<TrialResult> {
  repaired ??= repairedExecuteQueryPlan()
  return runWith(repaired, run)
}

export interface StockRun {
  readonly supergraph: LoadedSupergraph
  readonly plan: QueryPlan
  readonly document: DocumentNode
  readonly variables: Readonly<Record<string, unknown>>
  readonly sources: ReadonlyMap<string, GraphQLDataSource>
}

let repaired: ExecuteQueryPlan | undefined

async function runWith(execute: ExecuteQueryPlan, run: StockRun): Promise<TrialResult> {
  const { supergraph, plan, document, variables, sources } = run
  const operation = buildOperationContext({ schema: supergraph.clientSchema, operationDocument: document })
  const requestContext = { request: { variables }, context: {}, logger: SILENT, metrics: {} }
  return execute(
    plan,
    Object.fromEntries(sources),
    requestContext as unknown as Parameters<ExecuteQueryPlan>[2],
    operation,
    supergraph.joinedSchema,
    supergraph.plannedSchema,
  ) as Promise<TrialResult>
}

const nothing = () => undefined
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing }
