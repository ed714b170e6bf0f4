import type { DocumentNode, FormattedExecutionResult, GraphQLFormattedError, OperationDefinitionNode } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { requestIdFrom } from '../../platform/request-id.ts'
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
  /** As it is now: while the subscription lives its client may come with a fresh token. */
  readonly client: () => Client
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
      subgraph: plan.primary.serviceName,
      bounds: LAG,
      budget: this.#budget,
      open: (stream) => this.#subscribe(plan, request, stream),
      execute: (event, abandoned) => this.#complete(plan, request, event, abandoned),
      failed: (error) => ({ errors: [toWireError(error, request.requestId, this.#logger)] }),
      onEnd,
    })
  }

  /**
   * Hands a client's fresh token to subgraphs that its streams come from: by a ping that carries what an operation
   * carries in its extensions, signed as a call to the same path whose body is empty. A subgraph of another make takes
   * it for a sign of life.
   */
  renew(client: Client, subgraphs: ReadonlySet<string>): void {
    const forwarded = forwardedHeaders(client, requestIdFrom(undefined))
    for (const name of subgraphs) {
      const { path, socket } = this.#upstream(name)
      socket.ping(signedHeaders(forwarded, this.#signer, { path, body: '' }))
    }
  }

  /** Drops every upstream connection. */
  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close()
  }

  #subscribe({ primary }: SubscriptionPlan, request: SubscriptionRequest, stream: SubscriptionStream): () => void {
    const { requestId } = request
    const { path, socket } = this.#upstream(primary.serviceName)
    const onTheWire = (error: unknown): GraphQLFormattedError => toWireError(error, requestId, this.#logger)
    return socket.subscribe(this.#payload(primary, path, request), {
      next: (event) => stream.push(event),
      complete: () => stream.finish(),
      refused: (errors) => stream.finish({ errors: errors.map((error) => onTheWire(forwardedError(error))) }),
      lost: () => stream.finish({ errors: [onTheWire(new SubgraphUnavailableError(primary.serviceName))] }),
    })
  }

  #upstream(subgraph: string): { path: string; socket: UpstreamSocket } {
    const upstream = this.#sockets.get(subgraph)
    if (!upstream) throw new Error(`No socket for the subgraph ${subgraph}.`)
    return upstream
  }

  #payload(primary: SubscriptionPlan['primary'], path: string, request: SubscriptionRequest): SubscribePayload {
    const used = (primary.variableUsages ?? []).filter((name) => request.variables[name] !== undefined)
    const payload = {
      query: primary.operation,
      ...(primary.operationName && { operationName: primary.operationName }),
      variables: Object.fromEntries(used.map((name) => [name, request.variables[name]])),
    }
    const sign = () =>
      signedHeaders(forwardedHeaders(request.client(), request.requestId), this.#signer, {
        path,
        body: canonicalOperation(payload),
      })
    return {
      ...payload,
      // Read when the operation is sent. The connection is opened first, and the client may be renewed meanwhile.
      get extensions() {
        return sign()
      },
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
          this.#executor.execute(plan.event, response, variables, operationContext(client(), requestId, signal)),
        abandoned,
      )
    } catch (cause) {
      const error = new SubgraphUnavailableError(plan.primary.serviceName, { cause })
      return { errors: [toWireError(error, requestId, this.#logger)] }
    }
  }
}
