import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway'
import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner'
import type { DocumentNode } from 'graphql'
import type { Logger } from '../../platform/logging.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { type EventSharing, eventSharing } from './event-sharing.ts'
import type { OperationContext } from './operation-context.ts'
import type { SubgraphResponse } from './subgraph-response.ts'

/** Takes the place of the subgraph that the event came from. No subgraph can have this name. */
const EVENT = '#event'

/** How to turn what a subgraph publishes into what the client asked for. */
export interface EventPlan {
  readonly queryPlan: QueryPlan
  readonly operation: ReturnType<typeof buildOperationContext>
  /** Absent: what an event is completed with may differ by viewer. */
  readonly sharing: EventSharing | undefined
}

/**
 * @param primary the fetch that subscribes.
 * @param rest what other subgraphs add to each of its events.
 */
export function eventPlan(
  supergraph: LoadedSupergraph,
  client: { document: DocumentNode; operationName: string | undefined },
  primary: FetchNode,
  rest: PlanNode | undefined,
): EventPlan {
  const event: FetchNode = { ...primary, serviceName: EVENT }
  const operation = buildOperationContext({
    schema: supergraph.clientSchema,
    operationDocument: client.document,
    ...(client.operationName && { operationName: client.operationName }),
  })
  return {
    queryPlan: { kind: 'QueryPlan', node: rest ? { kind: 'Sequence', nodes: [event, rest] } : event },
    operation,
    sharing: eventSharing(supergraph, operation, rest),
  }
}

/** Runs the rest of a subscription's plan for each of its events. */
export class EventExecutor {
  readonly #supergraph: LoadedSupergraph
  readonly #subgraphs: Readonly<Record<string, GraphQLDataSource>>
  readonly #logger: Logger

  constructor(options: {
    supergraph: LoadedSupergraph
    subgraphs: ReadonlyMap<string, GraphQLDataSource>
    logger: Logger
  }) {
    this.#supergraph = options.supergraph
    this.#subgraphs = Object.fromEntries(options.subgraphs)
    this.#logger = options.logger
  }

  /**
   * Never rejects: what fails is in the result's errors, as it was thrown.
   *
   * @param event is written into; nobody else may use it.
   */
  async run(
    plan: EventPlan,
    event: SubgraphResponse,
    variables: Record<string, unknown>,
    context: OperationContext,
  ): Promise<EventResult> {
    try {
      return await executeQueryPlan(
        plan.queryPlan,
        { ...this.#subgraphs, [EVENT]: { process: async () => event } },
        {
          request: { variables },
          context,
          logger: this.#logger,
          metrics: {},
        } as Partial<RequestContext> as RequestContext,
        plan.operation,
        this.#supergraph.joinedSchema,
        this.#supergraph.plannedSchema,
      )
    } catch (error) {
      return { errors: [error] }
    }
  }
}

/** What the execution of an event comes to; no errors at all: it succeeded. */
export interface EventResult {
  readonly data?: unknown
  readonly errors?: readonly unknown[]
  readonly extensions?: unknown
}

type RequestContext = Parameters<typeof executeQueryPlan>[2]
