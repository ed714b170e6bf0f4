import { setImmediate as nextRound } from 'node:timers/promises'
import type { FormattedExecutionResult } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { SubgraphUnavailableError } from '../../platform/errors.ts'
import { toWireError } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { requestIdFrom } from '../../platform/request-id.ts'
import { canonicalOperation, type ServiceSigner } from '../../platform/service-signature.ts'
import { writeTraceparent } from '../../platform/tracing/propagation.ts'
import { forwardedHeaders, signedHeaders } from '../execution/operation-context.ts'
import { endOpening } from '../execution/operation-spans.ts'
import { forwardedError, isError } from '../execution/subgraph-response.ts'
import type { Client } from '../identity/client.ts'
import { PATIENCE, type Patience, spreadMs } from '../upstream/reopening.ts'
import { systemTimers, type Timers } from '../upstream/timers.ts'
import { type FeedConsumer, UpstreamFeed } from '../upstream/upstream-feed.ts'
import type { UpstreamTimes } from '../upstream/upstream-socket.ts'
import { Upstreams } from '../upstream/upstreams.ts'
import { currentPlan, planFor } from './current-plan.ts'
import type { QueueBounds } from './event-queue.ts'
import { LagBudget } from './lag-budget.ts'
import {
  type NextGraph,
  SchemaChange,
  SchemaReloadError,
  StreamGraph,
  type SubscribableGraph,
} from './schema-change.ts'
import { SubscriptionMetrics } from './subscription-metrics.ts'
import type { SubscriptionPlan } from './subscription-planner.ts'
import type { SubscriptionRequest } from './subscription-request.ts'
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

/** What became of the open streams when the supergraph was replaced. */
export interface ReloadedStreams {
  readonly kept: number
  /** Of those, the ones that were opened again because their subgraph is elsewhere now. */
  readonly moved: number
  readonly ended: number
}

/** A stream's subscription, whose plan is another one once the supergraph was replaced. */
interface LiveSubscription {
  readonly request: SubscriptionRequest
  plan: SubscriptionPlan
  graph: StreamGraph
}

/** Opens subscriptions: events from the subgraph that owns the field, each completed with the fields of the others. */
export class Subscriptions {
  readonly #upstreams: Upstreams
  readonly #signer: ServiceSigner | undefined
  readonly #logger: Logger
  readonly #timers: Timers
  readonly #patience: Patience
  readonly #budget: LagBudget
  readonly #metrics: SubscriptionMetrics
  readonly #streams = new Map<SubscriptionStream, LiveSubscription>()
  /** What new subscriptions are planned with. */
  #graph: StreamGraph
  #reconnections = 0

  constructor(
    options: SubscribableGraph & {
      readonly signer: ServiceSigner | undefined
      readonly logger: Logger
      readonly metrics?: SubscriptionMetrics
      readonly overrides?: SubscriptionOverrides
    },
  ) {
    const { supergraph, logger, overrides = {} } = options
    this.#graph = new StreamGraph(options)
    this.#upstreams = new Upstreams(supergraph.subgraphs, { logger, times: overrides.upstreamTimes ?? {} })
    this.#signer = options.signer
    this.#logger = logger
    this.#timers = overrides.timers ?? systemTimers
    this.#patience = overrides.patience ?? PATIENCE
    this.#metrics = options.metrics ?? new SubscriptionMetrics()
    this.#budget = new LagBudget(overrides.maxLag ?? MAX_LAG)
  }

  get counts(): SubscriptionCounts {
    return {
      streams: this.#streams.size,
      upstreamSubscriptions: this.#upstreams.size,
      reconnections: this.#reconnections,
    }
  }

  /** How many plans are kept for new subscriptions. */
  get plans(): number {
    return this.#graph.planner.size
  }

  /**
   * @param onEnd called once, when the stream has given its last result or was left.
   * @throws what {@link SubscriptionPlanner.plan} throws.
   */
  open(request: SubscriptionRequest, onEnd: () => void): SubscriptionStream {
    const graph = this.#graph
    const plan = planFor(graph, request)
    const live: LiveSubscription = { request, plan, graph }
    const { delivery } = plan.upstream
    const stream = new SubscriptionStream({
      subgraph: plan.primary.serviceName,
      isLatestEnough: delivery?.kind === 'replayable',
      bounds: delivery ? CONTINUED_LAG : LAG,
      budget: this.#budget,
      feed: (consumer) => this.#feed(live, consumer),
      complete: (event, abandoned) => {
        const refusal = refusalIn(event)
        if (refusal) request.failed?.(refusal)
        const complete = () => live.graph.completion.complete(currentPlan(live), event, request, abandoned)
        return this.#metrics.measure(complete)
      },
      failed: (errors) => {
        request.failed?.(errors[0])
        const onTheWire = errors.map((error) => toWireError(error, request.requestId, this.#logger))
        return JSON.stringify({ errors: onTheWire })
      },
      onEnd: () => {
        this.#streams.delete(stream)
        onEnd()
      },
    })
    this.#streams.set(stream, live)
    return stream
  }

  /**
   * Plans what is open once more, for another supergraph. Nothing changes yet.
   *
   * @returns for {@link serve}.
   */
  async prepare(next: NextGraph): Promise<SchemaChange> {
    const change = new SchemaChange(next)
    for (const live of [...this.#streams.values()]) {
      if (change.knows(live)) continue
      change.successorOf(live)
      // Everybody else's events go between two plans.
      await nextRound()
    }
    return change
  }

  /**
   * Serves another supergraph from now on. Streams that are planned as before go on; where their subgraph has moved they
   * are opened there, if nothing is lost by that. The others end with SUBSCRIPTION_SCHEMA_RELOAD.
   */
  serve(change: SchemaChange): ReloadedStreams {
    const left = this.#upstreams.replace(change.graph.supergraph.subgraphs)
    this.#graph = change.graph
    const [counts, spread] = [{ kept: 0, moved: 0, ended: 0 }, spreadMs(this.#streams.size)]
    for (const [stream, live] of this.#streams) {
      const hasMoved = left.has(stream.subgraph)
      if (goOn(live, change) && (!hasMoved || stream.move(spread))) {
        counts.kept += 1
        if (hasMoved) counts.moved += 1
      } else {
        counts.ended += 1
        stream.terminate(new SchemaReloadError())
      }
    }
    for (const { socket } of left.values()) socket.close()
    return counts
  }

  /**
   * Hands a client's fresh token to subgraphs that its streams come from: by a ping that carries what an operation
   * carries in its extensions, signed as a call to the same path whose body is empty. A subgraph of another make takes
   * it for a sign of life.
   */
  renew(client: Client, subgraphs: ReadonlySet<string>): void {
    const forwarded = forwardedHeaders(client, requestIdFrom(undefined))
    for (const name of subgraphs) {
      // A stream that ended with its subgraph may not have been read to its end.
      const upstream = this.#upstreams.find(name)
      upstream?.socket.ping(signedHeaders(forwarded, this.#signer, { path: upstream.path, body: '' }))
    }
  }

  /** Drops every upstream connection; what is still open ends with an error. */
  close(): void {
    for (const stream of this.#streams.keys()) stream.finish([new SubgraphUnavailableError(stream.subgraph)])
    this.#upstreams.close()
  }

  #feed(live: LiveSubscription, consumer: FeedConsumer): UpstreamFeed {
    const { delivery, resumption } = live.plan.upstream
    const subgraph = live.plan.primary.serviceName
    const upstreams = this.#upstreams
    return new UpstreamFeed(
      {
        subgraph,
        delivery,
        beginsAfter: resumption?.beginsAfter(live.request.variables),
        read: (text) => live.graph.events.read(live.plan, text),
        // Asked for when the operation is sent. The connection is opened first, and the client may be renewed meanwhile.
        subscribe: (from, sink) => {
          const { socket, path } = upstreams.of(subgraph)
          return socket.subscribe(() => this.#payload(live, path, from), sink)
        },
        get gate() {
          return upstreams.of(subgraph).gate
        },
        patience: this.#patience,
        timers: this.#timers,
        random: Math.random,
        onOpened: () => live.request.opened?.(),
        onReconnect: () => {
          this.#reconnections += 1
          this.#metrics.reconnected()
        },
        onUnauthenticated: () => live.request.unauthenticated(),
      },
      consumer,
    )
  }

  #payload(
    { plan: { upstream }, request }: LiveSubscription,
    path: string,
    { after, isReopened }: { after: unknown; isReopened: boolean },
  ): SubscribePayload {
    const resuming = isReopened && after !== undefined ? upstream.resumption?.operation : undefined
    const { query, operationName, variables } = resuming ?? upstream.opening
    const given = variables.filter((name) => Object.hasOwn(request.variables, name))
    const payload = {
      query,
      ...(operationName && { operationName }),
      variables: {
        ...Object.fromEntries(given.map((name) => [name, request.variables[name]])),
        ...(resuming && { [resuming.after]: after }),
      },
    }
    const forwarded = { ...forwardedHeaders(request.client(), request.requestId), ...traceOf(request, isReopened) }
    const signed = signedHeaders(forwarded, this.#signer, { path, body: canonicalOperation(payload) })
    endOpening(request.opening)
    request.asked?.()
    return { ...payload, extensions: { ...signed, resume: { positions: true, resumed: isReopened } } }
  }
}

/** A subscription that is taken up again is no part of the trace in which it was opened, which is long over. */
function traceOf({ opening }: SubscriptionRequest, isReopened: boolean): { traceparent?: string } {
  return opening && !isReopened ? { traceparent: writeTraceparent(opening.spanContext()) } : {}
}

/** Why a subgraph does not open a subscription, where it says so by a result: one without data, unlike an event's (§7.1). */
function refusalIn({ payload }: { readonly payload: FormattedExecutionResult | null }): Error | undefined {
  const [error] = payload?.data === undefined ? (payload?.errors ?? []) : []
  return isError(error) ? forwardedError(error) : undefined
}

/** @returns false when it is to end. */
function goOn(live: LiveSubscription, change: SchemaChange): boolean {
  const plan = change.successorOf(live)
  if (!plan) return false
  live.plan = plan
  live.graph = change.graph
  return true
}
