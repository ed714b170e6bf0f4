import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { requestIdFrom } from '../../platform/request-id.ts'
import { canonicalOperation, type ServiceSigner } from '../../platform/service-signature.ts'
import type { EventCompletion } from '../execution/event-completion.ts'
import { forwardedHeaders, signedHeaders } from '../execution/operation-context.ts'
import type { Client } from '../identity/client.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { PATIENCE, type Patience, ReopeningGate } from '../upstream/reopening.ts'
import { systemTimers, type Timers } from '../upstream/timers.ts'
import { UpstreamEvents } from '../upstream/upstream-event.ts'
import { type FeedConsumer, UpstreamFeed } from '../upstream/upstream-feed.ts'
import { UpstreamSocket, type UpstreamTimes } from '../upstream/upstream-socket.ts'
import type { QueueBounds } from './event-queue.ts'
import { LagBudget } from './lag-budget.ts'
import { type SubscriptionPlan, SubscriptionPlanner } from './subscription-planner.ts'
import { SubscriptionStream } from './subscription-stream.ts'

/** How far a subscriber may lag behind before its subscription ends. */
const LAG: QueueBounds = { maxEvents: 1_000, maxCharacters: 4_000_000 }

/**
 * The same where events can be had once more: before its subscription pauses. Going back by all of it must stay well
 * within what a subgraph replays, which is 1,000 events in chat.
 */
const CONTINUED_LAG: QueueBounds = { maxEvents: 500, maxCharacters: 1_000_000 }

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
  /** Called when a subgraph ends the subscription because it does not, or no longer, know its client. */
  unauthenticated(): void
}

/** How many of what there is. */
export interface SubscriptionCounts {
  readonly streams: number
  /** Fewer while subgraphs are away or clients are slow. */
  readonly upstreamSubscriptions: number
  /** Streams that were taken up again after their subgraph was lost, since the start. */
  readonly reconnections: number
}

/** What tests put in the place of the real thing. */
export interface SubscriptionOverrides {
  readonly timers?: Timers
  readonly patience?: Patience
  readonly upstreamTimes?: UpstreamTimes
  readonly maxLag?: number
}

/** The way to one subgraph. */
interface Upstream {
  readonly path: string
  readonly socket: UpstreamSocket
  readonly gate: ReopeningGate
}

/** Opens subscriptions: events from the subgraph that owns the field, each completed with the fields of the others. */
export class Subscriptions {
  readonly #planner: SubscriptionPlanner
  readonly #upstreams: ReadonlyMap<string, Upstream>
  readonly #completion: EventCompletion
  readonly #signer: ServiceSigner | undefined
  readonly #logger: Logger
  readonly #timers: Timers
  readonly #patience: Patience
  readonly #events = new UpstreamEvents()
  readonly #budget: LagBudget
  readonly #streams = new Set<SubscriptionStream>()
  #reconnections = 0

  constructor(options: {
    supergraph: LoadedSupergraph
    completion: EventCompletion
    signer: ServiceSigner | undefined
    logger: Logger
    overrides?: SubscriptionOverrides
  }) {
    const { supergraph, logger, overrides = {} } = options
    this.#planner = new SubscriptionPlanner(supergraph)
    this.#upstreams = new Map(
      supergraph.subgraphs.map(({ name, url }) => {
        const socket = new UpstreamSocket({ url, logger, times: overrides.upstreamTimes ?? {} })
        return [name, { path: new URL(url).pathname, socket, gate: new ReopeningGate() }]
      }),
    )
    this.#completion = options.completion
    this.#signer = options.signer
    this.#logger = logger
    this.#timers = overrides.timers ?? systemTimers
    this.#patience = overrides.patience ?? PATIENCE
    this.#budget = new LagBudget(overrides.maxLag ?? MAX_LAG)
  }

  get counts(): SubscriptionCounts {
    const sockets = [...this.#upstreams.values()].map(({ socket }) => socket)
    return {
      streams: this.#streams.size,
      upstreamSubscriptions: sockets.reduce((sum, { size }) => sum + size, 0),
      reconnections: this.#reconnections,
    }
  }

  /** @param onEnd called once, when the stream has given its last result or was left. */
  open(request: SubscriptionRequest, onEnd: () => void): SubscriptionStream {
    const plan = this.#planner.plan(request.source, request.document, request.operation.name?.value)
    const { delivery } = plan.upstream
    const stream = new SubscriptionStream({
      subgraph: plan.primary.serviceName,
      isLatestEnough: delivery?.kind === 'replayable',
      bounds: delivery ? CONTINUED_LAG : LAG,
      budget: this.#budget,
      feed: (consumer) => this.#feed(plan, request, consumer),
      complete: (event, abandoned) => this.#completion.complete(plan, event, request, abandoned),
      failed: (errors) => {
        const onTheWire = errors.map((error) => toWireError(error, request.requestId, this.#logger))
        return JSON.stringify({ errors: onTheWire })
      },
      onEnd: () => {
        this.#streams.delete(stream)
        onEnd()
      },
    })
    this.#streams.add(stream)
    return stream
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

  /** Drops every upstream connection; what is still open ends with an error. */
  close(): void {
    for (const stream of this.#streams) stream.finish([new SubgraphUnavailableError(stream.subgraph)])
    for (const { socket } of this.#upstreams.values()) socket.close()
  }

  #feed(plan: SubscriptionPlan, request: SubscriptionRequest, consumer: FeedConsumer): UpstreamFeed {
    const { delivery, resumption } = plan.upstream
    const { path, socket, gate } = this.#upstream(plan.primary.serviceName)
    return new UpstreamFeed(
      {
        subgraph: plan.primary.serviceName,
        delivery,
        beginsAfter: resumption?.beginsAfter(request.variables),
        read: (text) => this.#events.read(plan, text),
        // Asked for when the operation is sent. The connection is opened first, and the client may be renewed meanwhile.
        subscribe: (from, sink) => socket.subscribe(() => this.#payload(plan, request, path, from), sink),
        gate,
        patience: this.#patience,
        timers: this.#timers,
        random: Math.random,
        onReconnect: () => {
          this.#reconnections += 1
        },
        onUnauthenticated: () => request.unauthenticated(),
      },
      consumer,
    )
  }

  #upstream(subgraph: string): Upstream {
    const upstream = this.#upstreams.get(subgraph)
    if (!upstream) throw new Error(`No socket for the subgraph ${subgraph}.`)
    return upstream
  }

  #payload(
    { upstream }: SubscriptionPlan,
    request: SubscriptionRequest,
    path: string,
    { after, isReopened }: { after: unknown; isReopened: boolean },
  ): SubscribePayload {
    const resuming = isReopened && after !== undefined ? upstream.resumption?.operation : undefined
    const { query, operationName, variables } = resuming ?? upstream.opening
    const used = variables.filter((name) => request.variables[name] !== undefined)
    const payload = {
      query,
      ...(operationName && { operationName }),
      variables: {
        ...Object.fromEntries(used.map((name) => [name, request.variables[name]])),
        ...(resuming && { [resuming.after]: after }),
      },
    }
    const forwarded = forwardedHeaders(request.client(), request.requestId)
    const signed = signedHeaders(forwarded, this.#signer, { path, body: canonicalOperation(payload) })
    return { ...payload, extensions: { ...signed, resume: { positions: true, resumed: isReopened } } }
  }
}
