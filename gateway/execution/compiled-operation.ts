import type { QueryPlan } from '@apollo/query-planner'
import type { FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import type { Denials } from '../authorization/denials.ts'
import type { OperationContext } from './operation-context.ts'
import { type CompiledPlan, compilePlan, type PlanSchema } from './plan/compiled-plan.ts'
import type { PlanRun } from './plan/plan-run.ts'
import type { ProjectedPart } from './projection/deferred-part.ts'
import { compileProjection, type Projection } from './projection/projection.ts'
import type { SubgraphResponse } from './subgraph-response.ts'
import type { SubgraphSource } from './subgraph-source.ts'

/** What one execution of an operation is given. */
export interface OperationInput {
  /** As the client sent them; checked already against the operation's definitions. */
  readonly variables: Readonly<Record<string, unknown>>
  /** Every subgraph of the supergraph, by its name. */
  readonly sources: ReadonlyMap<string, SubgraphSource>
  readonly context: OperationContext
  /** Of a subscription: what its first fetch would answer. It is only read. */
  readonly event?: SubgraphResponse
}

/** What an execution comes to; no errors at all: it succeeded. Errors are as they were thrown. */
export interface OperationResult {
  /** Absent: the execution did not begin. */
  readonly data?: unknown
  readonly errors?: readonly unknown[]
  readonly extensions?: Record<string, unknown>
}

/** An operation of a client, with the fragments that it may spread. */
export interface ClientOperation {
  readonly operation: OperationDefinitionNode
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

/** One operation of a document, planned and compiled; holds no state of a request. */
export class CompiledOperation implements ClientOperation {
  readonly operation: OperationDefinitionNode
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly queryPlan: QueryPlan
  /** Undefined when there is nothing to fetch. */
  readonly plan: CompiledPlan | undefined
  readonly projection: Projection
  /** What the client calls each of its deferred fragments; undefined for one that has no name. */
  readonly deferredLabels: readonly (string | undefined)[]

  /**
   * @param queryPlan the query planner's, of a valid operation, or of what its viewer may see of it.
   * @param denials what they may not.
   * @param deferredLabels for each `@defer` in the operation, by its number.
   * @throws what {@link compilePlan} throws.
   */
  constructor(
    supergraph: PlanSchema & { readonly clientSchema: GraphQLSchema },
    { operation, fragments }: ClientOperation,
    queryPlan: QueryPlan,
    denials?: Denials | undefined,
    deferredLabels: readonly (string | undefined)[] = [],
  ) {
    this.operation = operation
    this.fragments = fragments
    this.queryPlan = queryPlan
    this.plan = queryPlan.node && compilePlan(supergraph, queryPlan, operation)
    this.projection = compileProjection(supergraph.clientSchema, operation, fragments, denials)
    this.deferredLabels = deferredLabels
  }

  /** Never rejects. */
  async run({ variables, sources, context, event }: OperationInput): Promise<OperationResult> {
    const refusal = this.refusalOf(variables)
    if (refusal) return refusal
    const run: PlanRun = { data: Object.create(null), errors: [], variables, sources, context, event }
    await this.plan?.run(run)
    return this.#resultOf(run)
  }

  /** The result of an execution with variables with which it must not begin; undefined of others. */
  refusalOf(variables: Readonly<Record<string, unknown>>): OperationResult | undefined {
    try {
      // Looked at first: a mutation must not be half done when its conditions turn out to be wrong.
      const selectsData = this.projection.selectsData(variables)
      if (selectsData && !this.plan) return { errors: [new Error('The plan of the operation is empty.')], data: null }
      return undefined
    } catch (error) {
      return { errors: [error] }
    }
  }

  #resultOf({ data: fetched, errors, variables }: PlanRun): OperationResult {
    try {
      return resultOf(this.projection.project(fetched, variables), errors)
    } catch (error) {
      return { errors: [error], data: null }
    }
  }
}

/**
 * The result that an answer comes to, or a part of one. Values that had to be made null are told where nothing else went
 * wrong.
 *
 * @param failed what went wrong while it was fetched.
 */
export function resultOf(
  { data, faults, denied = [] }: Pick<ProjectedPart, 'data' | 'faults' | 'denied'>,
  failed: readonly unknown[],
): OperationResult {
  const errors = denied.length > 0 ? [...failed, ...denied] : failed
  if (errors.length > 0) return { errors, data }
  return faults.length > 0 ? { extensions: { valueCompletion: faults }, data } : { data }
}
