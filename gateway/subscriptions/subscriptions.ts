import type { DocumentNode, FormattedExecutionResult, GraphQLFormattedError, OperationDefinitionNode } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { canonicalOperation, type ServiceSigner } from '../../platform/service-signature.ts'
import { withDeadline } from '../execution/deadline.ts'
import type { EventExecutor } from '../execution/event-executor.ts'
import { forwardedHeaders, operationContext, signedHeaders } from '../execution/operation-context.ts'
import { checkSubgraphResponse, forwardedError } from '../execution/subgraph-response.ts'
import type { Client } from '../identity/client.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import type { QueueBounds } from './event-queue.ts'
import { LagBudget } from './lag-budget.ts'
import { type SubscriptionPlan, SubscriptionPlanner } from './subscription-planner.ts'
import { SubscriptionStream } from './subscription-stream.ts'
import { UpstreamSocket } from './upstream-socket.ts'

/** How far a subscriber may lag behind before its subscription ends. */
const LAG: QueueBounds = { maxEvents: 1_000, maxCharacters: 4_000_000 }

/** How far all subscribers together may, in characters of JSON. */
const MAX_LAG = 256_000_000

/** A valid subscription of one client. */
export interface SubscriptionRequest {
  readonly client: Client
  readonly requestId: string
  readonly source: string
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly variables: Record<string, unknown>
}

/** Opens subscriptions: events from the subgraph that owns the field, each completed with the fields of the others. */
export class Subscriptions {
  readonly #planner: SubscriptionPlanner
  readonly #sockets: ReadonlyMap<string, { path: string; socket: UpstreamSocket }>
  readonly #executor: EventExecutor
  readonly #signer: ServiceSigner | undefined
  readonly #eventMs: number
  readonly #logger: Logger
  readonly #budget = new LagBudget(MAX_LAG)

  /** @param options.eventMs how long the completion of one event may take. */
  constructor(options: {
    supergraph: LoadedSupergraph
    executor: EventExecutor
    signer: ServiceSigner | undefined
    eventMs: number
    logger: Logger
  }) {
    this.#planner = new SubscriptionPlanner(options.supergraph)
    this.#sockets = new Map(
      options.supergraph.subgraphs.map(({ name, url }) => [
        name,
        { path: new URL(url).pathname, socket: new UpstreamSocket({ url, logger: options.logger }) },
      ]),
    )
    this.#executor = options.executor
    this.#signer = options.signer
    this.#eventMs = options.eventMs
    this.#logger = options.logger
  }

  /** @param onEnd called once, when the stream has given its last result or was left. */
  open(request: SubscriptionRequest, onEnd: () => void): SubscriptionStream {
    const plan = this.#planner.plan(request.source, request.document, request.operation.name?.value)
    return new SubscriptionStream({
      bounds: LAG,
      budget: this.#budget,
      open: (stream) => this.#subscribe(plan, request, stream),
      execute: (event, abandoned) => this.#complete(plan, request, event, abandoned),
      failed: (error) => ({ errors: [toWireError(error, request.requestId, this.#logger)] }),
      onEnd,
    })
  }

  /** Drops every upstream connection. */
  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close()
  }

  #subscribe({ primary }: SubscriptionPlan, request: SubscriptionRequest, stream: SubscriptionStream): () => void {
    const { requestId } = request
    const upstream = this.#sockets.get(primary.serviceName)
    if (!upstream) throw new Error(`No socket for the subgraph ${primary.serviceName}.`)
    const onTheWire = (error: unknown): GraphQLFormattedError => toWireError(error, requestId, this.#logger)
    return upstream.socket.subscribe(this.#payload(primary, upstream.path, request), {
      next: (event) => stream.push(event),
      complete: () => stream.finish(),
      refused: (errors) => stream.finish({ errors: errors.map((error) => onTheWire(forwardedError(error))) }),
      lost: () => stream.finish({ errors: [onTheWire(new SubgraphUnavailableError(primary.serviceName))] }),
    })
  }

  #payload(primary: SubscriptionPlan['primary'], path: string, request: SubscriptionRequest): SubscribePayload {
    const used = (primary.variableUsages ?? []).filter((name) => request.variables[name] !== undefined)
    const payload = {
      query: primary.operation,
      ...(primary.operationName && { operationName: primary.operationName }),
      variables: Object.fromEntries(used.map((name) => [name, request.variables[name]])),
    }
    const forwarded = forwardedHeaders(request.client, request.requestId)
    return {
      ...payload,
      extensions: signedHeaders(forwarded, this.#signer, { path, body: canonicalOperation(payload) }),
    }
  }

  async #complete(
    plan: SubscriptionPlan,
    { client, requestId, variables }: SubscriptionRequest,
    event: FormattedExecutionResult,
    abandoned: AbortSignal,
  ): Promise<FormattedExecutionResult> {
    try {
      const response = checkSubgraphResponse(event)
      return await withDeadline(
        this.#eventMs,
        (signal) =>
          this.#executor.execute(plan.event, response, variables, operationContext(client, requestId, signal)),
        abandoned,
      )
    } catch (cause) {
      const error = new SubgraphUnavailableError(plan.primary.serviceName, { cause })
      return { errors: [toWireError(error, requestId, this.#logger)] }
    }
  }
}
