import type { ApolloGateway } from '@apollo/gateway'
import { prettyFormatQueryPlan, type QueryPlan } from '@apollo/query-planner'
import type { DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { ApplicationError } from '../../platform/errors.ts'
import { asGraphQLError } from '../../platform/graphql-errors.ts'
import type { CompiledOperation, OperationResult } from './compiled-operation.ts'
import type { DeferChoice } from './incremental-choice.ts'
import type { OperationContext } from './operation-context.ts'
import type { OperationPlans } from './operation-plans.ts'
import type { SubgraphSource } from './subgraph-source.ts'
import { variableFaults } from './variable-faults.ts'

/** What Apollo Server hands a valid query or mutation to. */
export type Executor = ApolloGateway['executor']

type ExecutorResult = Awaited<ReturnType<Executor>>

/** The header by which Apollo Sandbox asks for the query plan, and the one by which it says in which form. */
const PLAN_WANTED = 'apollo-query-plan-experimental'
const PLAN_FORMAT = 'apollo-query-plan-experimental-format'

/** What queries and mutations are executed with. */
export interface GatewayExecutorOptions {
  /** What clients see. */
  readonly clientSchema: GraphQLSchema
  readonly plans: OperationPlans
  readonly sources: ReadonlyMap<string, SubgraphSource>
  /** Keeps query plans from clients that ask for them, and the schema's names out of error messages. */
  readonly production: boolean
}

/** What a client asks for. */
interface AskedOperation {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode | undefined
  readonly operationName: string | undefined
  readonly queryHash: string
  readonly variables: Record<string, unknown> | undefined
  readonly viewer: OperationContext['viewer']
  /** Which of its fragments are deferred; absent: none. */
  readonly choice?: DeferChoice
}

/**
 * Executes queries and mutations as Apollo's gateway does: checks the variables, then runs the compiled plan. Errors are
 * as they were thrown, for Apollo Server's `formatError`. It rejects when the query planner fails.
 */
export function gatewayExecutor(options: GatewayExecutorOptions): Executor {
  return async (request) => {
    const { document, operation, queryHash } = request
    const { variables, operationName } = request.request
    const context = request.context as OperationContext
    const { viewer } = context
    const prepared = prepareOperation(options, { document, operation, operationName, queryHash, variables, viewer })
    if ('errors' in prepared) return prepared
    const result = await prepared.run({ variables: variables ?? {}, sources: options.sources, context })
    return withPlan(options, result, prepared.queryPlan, request.request.http?.headers) as ExecutorResult
  }
}

/**
 * The operation to run, or what is wrong with the request.
 *
 * @throws Error when the query planner fails.
 */
export function prepareOperation(
  { clientSchema, plans, production }: GatewayExecutorOptions,
  { document, operation, operationName, queryHash, variables, viewer, choice }: AskedOperation,
): CompiledOperation | { readonly errors: readonly GraphQLError[] } {
  // Apollo Server asks although there is no operation of that name, and wants to be told.
  if (!operation) return { errors: [asGraphQLError(new Error('The document has no such operation.'))] }
  if (operation.operation === 'subscription') throw new Error('Subscriptions are executed event by event.')
  const errors = variableFaults({ clientSchema, production }, operation, variables ?? {})
  if (errors) return { errors }
  try {
    return plans.of(queryHash, document, operationName || undefined, viewer, choice)
  } catch (error) {
    if (error instanceof ApplicationError) return { errors: [asGraphQLError(error)] }
    throw error
  }
}

interface RequestHeaders {
  get(name: string): string | null | undefined
}

/** The result with the query plan in its extensions, if a client asks for it that gets it. */
export function withPlan(
  { production }: GatewayExecutorOptions,
  result: OperationResult,
  plan: QueryPlan,
  headers: RequestHeaders | undefined,
): OperationResult {
  if (production || !headers?.get(PLAN_WANTED)) return result
  const format = headers.get(PLAN_FORMAT) ?? 'prettified'
  // The text is null when there is nothing to fetch.
  const shown = format === 'prettified' ? plan.node && prettyFormatQueryPlan(plan) : format === 'internal' && plan
  return { ...result, extensions: { ...result.extensions, __queryPlanExperimental: shown || true } }
}
