import type { SubscribePayload } from 'graphql-ws'
import type { Logger } from '../../platform/logging.ts'
import { type ConnectionTimes, UpstreamConnection, type UpstreamSink } from './upstream-connection.ts'

/** How long a connection that carries no subscription stays open. */
const IDLE_MS = 30_000

/** After a connection that did not come about the next one is not tried sooner. */
const RETRY_MS = 100

/** In milliseconds; what is left out is as in production. */
export interface UpstreamTimes extends ConnectionTimes {
  readonly idleMs?: number
}

/** A subscription that runs upstream. */
export interface UpstreamSubscription {
  /** Afterwards its sink hears nothing more. */
  unsubscribe(): void
  /** Its subgraph stops: what is subscribed to from now on goes over another connection. */
  retire(): void
}

/**
 * The way to a subgraph. One connection, opened by the first of them, carries the subscriptions of all clients; one to a
 * process that stops goes on beside it until its last subscription has left.
 */
export class UpstreamSocket {
  readonly #url: string
  readonly #logger: Logger
  readonly #times: UpstreamTimes
  readonly #connections = new Set<UpstreamConnection>()
  /** What takes new subscriptions. */
  #current: UpstreamConnection | undefined
  #idle: NodeJS.Timeout | undefined
  /** Whether it was lost and has not come back: the log tells that once. */
  #isAway = false
  #failedAt = Number.NEGATIVE_INFINITY

  /** @param options.url of the subgraph; the same path serves HTTP and graphql-transport-ws. */
  constructor(options: { url: string; logger: Logger; times?: UpstreamTimes }) {
    this.#url = options.url.replace(/^http/, 'ws')
    this.#logger = options.logger
    this.#times = options.times ?? {}
  }

  /** How many subscriptions run, or wait for the connection. */
  get size(): number {
    return [...this.#connections].reduce((sum, { size }) => sum + size, 0)
  }

  /** @param payload asked for when it is sent, which is after the connection was opened. */
  subscribe(payload: () => SubscribePayload, sink: UpstreamSink): UpstreamSubscription {
    if (!this.#current?.isUsable) this.#current = undefined
    const wait = this.#current ? 0 : this.#failedAt + RETRY_MS - performance.now()
    if (wait > 0) return this.#subscribeLater(wait, payload, sink)
    clearTimeout(this.#idle)
    this.#current ??= this.#connect()
    const connection = this.#current
    const unsubscribe = connection.subscribe(payload, sink)
    return { unsubscribe, retire: () => this.#retire(connection) }
  }

  /** Sends a ping on every connection, behind what was subscribed to on it before; those that do not stand yet get none. */
  ping(payload: Record<string, string>): void {
    for (const connection of this.#connections) connection.ping(payload)
  }

  /** Drops every connection; what still runs on them is lost. */
  close(): void {
    clearTimeout(this.#idle)
    for (const connection of this.#connections) connection.terminate()
  }

  #subscribeLater(wait: number, payload: () => SubscribePayload, sink: UpstreamSink): UpstreamSubscription {
    let subscription: UpstreamSubscription | undefined
    const timer = setTimeout(() => {
      subscription = this.subscribe(payload, sink)
    }, wait)
    return {
      unsubscribe: () => {
        clearTimeout(timer)
        subscription?.unsubscribe()
      },
      retire: () => subscription?.retire(),
    }
  }

  #connect(): UpstreamConnection {
    const connection = new UpstreamConnection(
      this.#url,
      {
        onReady: () => this.#connected(),
        onIdle: () => this.#leave(connection),
        onNonsense: (err) => this.#logger.error({ err, url: this.#url }, 'a subgraph said what cannot be understood'),
        onClosed: (lost) => this.#dropped(connection, lost),
      },
      this.#times,
    )
    this.#connections.add(connection)
    return connection
  }

  #connected(): void {
    if (this.#isAway) this.#logger.info({ url: this.#url }, 'a subgraph is back')
    this.#isAway = false
  }

  /** Nothing runs on the connection. */
  #leave(connection: UpstreamConnection): void {
    const close = () => {
      if (connection === this.#current) this.#current = undefined
      connection.close()
    }
    if (connection !== this.#current) close()
    else {
      clearTimeout(this.#idle)
      this.#idle = setTimeout(close, this.#times.idleMs ?? IDLE_MS).unref()
    }
  }

  #retire(connection: UpstreamConnection): void {
    if (this.#current !== connection) return
    clearTimeout(this.#idle)
    this.#current = undefined
    if (connection.size === 0) connection.close()
  }

  #dropped(connection: UpstreamConnection, lost: number): void {
    this.#connections.delete(connection)
    if (this.#current === connection) this.#current = undefined
    if (!connection.wasReady) this.#failedAt = performance.now()
    const isNews = lost > 0 && !this.#isAway
    this.#isAway ||= lost > 0
    this.#logger[isNews ? 'warn' : 'debug']({ url: this.#url, subscriptions: lost }, 'lost a subgraph socket')
  }
}
