import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway'
import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner'
import type { DocumentNode, FormattedExecutionResult } from 'graphql'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import type { OperationContext } from './operation-context.ts'
import type { SubgraphResponse } from './subgraph-response.ts'

/** Takes the place of the subgraph that the event came from. No subgraph can have this name. */
const EVENT = '#event'

/** How to turn what a subgraph publishes into what the client asked for. */
export interface EventPlan {
  readonly queryPlan: QueryPlan
  readonly operation: ReturnType<typeof buildOperationContext>
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
  return {
    queryPlan: { kind: 'QueryPlan', node: rest ? { kind: 'Sequence', nodes: [event, rest] } : event },
    operation: buildOperationContext({
      schema: supergraph.clientSchema,
      operationDocument: client.document,
      ...(client.operationName && { operationName: client.operationName }),
    }),
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

  /** Never rejects: what fails is in the result's errors. */
  async execute(
    plan: EventPlan,
    event: SubgraphResponse,
    variables: Record<string, unknown>,
    context: OperationContext,
  ): Promise<FormattedExecutionResult> {
    const onTheWire = (error: unknown) => toWireError(error, context.requestId, this.#logger)
    try {
      const { errors, ...result } = await executeQueryPlan(
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
      return errors ? { ...result, errors: errors.map(onTheWire) } : result
    } catch (error) {
      return { errors: [onTheWire(error)] }
    }
  }
}

type RequestContext = Parameters<typeof executeQueryPlan>[2]
