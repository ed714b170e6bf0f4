import type { ApolloServer } from '@apollo/server'
import type { OperationDefinitionNode } from 'graphql'
import type { Logger } from '../../platform/logging.ts'
import type { GrantedPolicies } from '../authorization/authorization.ts'
import type { GatewayConfig } from '../config.ts'
import { startApolloServer } from '../execution/apollo-server.ts'
import { EventCompletion } from '../execution/event-completion.ts'
import { EventExecutor } from '../execution/event-executor.ts'
import { gatewayExecutor } from '../execution/gateway-executor.ts'
import { incrementalDelivery } from '../execution/incremental-delivery.ts'
import type { OperationContext } from '../execution/operation-context.ts'
import { OperationPlans } from '../execution/operation-plans.ts'
import type { PlanningMetrics } from '../execution/planning-metrics.ts'
import type { SubgraphLease, SubgraphPool } from '../execution/subgraph-pool.ts'
import { variableFaults } from '../execution/variable-faults.ts'
import { QueriesInFlight } from '../http/queries-in-flight.ts'
import { OperationDocuments } from '../protection/operation-documents.ts'
import { loadTrustedDocuments } from '../protection/trusted-documents.ts'
import type { NextGraph } from '../subscriptions/schema-change.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { SupergraphGateway } from '../supergraph/supergraph-gateway.ts'
import { Occupancy } from './occupancy.ts'
import type { ServingMetrics } from './serving-metrics.ts'

/** What every supergraph is served with. */
export interface ServingTools {
  readonly config: GatewayConfig
  readonly pool: SubgraphPool
  readonly metrics: ServingMetrics
  readonly policies: GrantedPolicies | undefined
  readonly logger: Logger
}

/**
 * One supergraph, with all that is made of it and for it alone. An operation takes one of them and stays with it, so
 * that what it was checked against is what it runs on, also when another supergraph has taken its place meanwhile.
 */
export class ServedGraph implements NextGraph {
  readonly supergraph: LoadedSupergraph
  readonly documents: OperationDocuments
  readonly apollo: ApolloServer<OperationContext>
  readonly completion: NextGraph['completion']
  readonly planning: PlanningMetrics
  readonly plans: OperationPlans
  /** Undefined: every query runs by itself. */
  readonly queriesInFlight: QueriesInFlight | undefined
  readonly #lease: SubgraphLease
  readonly #production: boolean
  readonly #occupancy = new Occupancy()

  private constructor(
    parts: Pick<ServedGraph, 'supergraph' | 'documents' | 'apollo' | 'plans'>,
    lease: SubgraphLease,
    { config: { limits, deduplicateQueries, production }, metrics, logger }: ServingTools,
  ) {
    this.supergraph = parts.supergraph
    this.documents = parts.documents
    this.apollo = parts.apollo
    this.plans = parts.plans
    this.planning = metrics.planning
    this.#lease = lease
    this.#production = production
    const executor = new EventExecutor({ subgraphs: lease.sources })
    const completion = new EventCompletion({ executor, eventMs: limits.operationMs, logger })
    this.completion = { complete: (...event) => this.during(() => completion.complete(...event)) }
    this.queriesInFlight = deduplicateQueries ? new QueriesInFlight() : undefined
  }

  /** @throws ConfigurationError when a trusted document may not run on it. */
  static async open(supergraph: LoadedSupergraph, tools: ServingTools): Promise<ServedGraph> {
    const documents = await openDocuments(supergraph, tools)
    const lease = tools.pool.lease(supergraph.subgraphs)
    try {
      const plans = new OperationPlans(supergraph, { metrics: tools.metrics.planning })
      const apollo = await startQueries({ supergraph, documents, plans }, lease, tools)
      return new ServedGraph({ supergraph, documents, apollo, plans }, lease, tools)
    } catch (error) {
      await lease.end()
      throw error
    }
  }

  /** What is wrong with the variables of a subscription; undefined when they fit it. */
  variableFaults(operation: OperationDefinitionNode, variables: Record<string, unknown>) {
    const { clientSchema } = this.supergraph
    return variableFaults({ clientSchema, production: this.#production }, operation, variables)
  }

  /** Runs an operation, or a part of one, for which all of this is kept. */
  during<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#occupancy.during(run)
  }

  /** Nothing more begins here. What runs is waited for; then what no other supergraph uses is closed. */
  async retire(): Promise<void> {
    await this.#occupancy.leave()
    await this.apollo.stop()
    await this.#lease.end()
  }
}

async function openDocuments(
  { clientSchema: schema }: LoadedSupergraph,
  { config: { limits, production, trustedDocuments: manifest }, metrics }: ServingTools,
): Promise<OperationDocuments> {
  const rules = { schema, limits, production }
  const trusted = manifest === undefined ? undefined : await loadTrustedDocuments(manifest, rules)
  return new OperationDocuments({ ...rules, trusted, requests: metrics.documents })
}

function startQueries(
  { supergraph, documents, plans }: Pick<ServedGraph, 'supergraph' | 'documents' | 'plans'>,
  { sources }: SubgraphLease,
  { config: { production }, logger }: ServingTools,
): Promise<ApolloServer<OperationContext>> {
  const execution = {
    clientSchema: supergraph.clientSchema,
    plans,
    sources,
    production,
  }
  const executor = gatewayExecutor(execution)
  const incremental = incrementalDelivery(execution, logger)
  const gateway = new SupergraphGateway({ supergraphSdl: supergraph.sdl, executor, logger })
  return startApolloServer({ gateway, documents, incremental, production, logger })
}
