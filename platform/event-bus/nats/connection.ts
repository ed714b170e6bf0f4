import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectionOptions, NatsConnection, Status } from '@nats-io/transport-node'
import type { Logger } from '../../logging.ts'
import type { BusCounts, DropReason } from '../bus-traffic.ts'
import { readNatsUrl } from './address.ts'
import { NatsInterruptions } from './interruptions.ts'
import { flushed, SendWindow } from './send-window.ts'

/** A frozen server is noticed after three of these, in milliseconds; the client's own default is six minutes. */
const PING_EVERY_MS = 2_000
const PATIENCE_MS = 2_000
/** How long a connection that is given up, or closed, may take to send what it holds. */
const LAST_MOMENTS_MS = 500

/** It never gives up: neither after so many attempts nor because it was refused, which an operator may mend. */
const OPTIONS = {
  name: 'parley',
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
  pingInterval: PING_EVERY_MS,
  maxPingOut: 2,
  reconnectTimeWait: 100,
  reconnectJitter: 400,
  reconnectJitterTLS: 400,
  timeout: PATIENCE_MS,
  noAsyncTraces: true,
} satisfies ConnectionOptions

/** What whoever holds a connection wants to know of it. Must not throw. */
interface NatsConnectionEvents {
  /** It is a new one, which knows of no subscription yet. */
  onOpened(connection: NatsConnection): void
  /** Messages may have been lost: it broke, was slow, or is there again with all its subscriptions. */
  onInterruption(): void
}

/**
 * A connection to NATS that is looked for for ever: at the start, when it breaks, and when the server answers no more.
 * Nothing is kept for a server that is away, and only so much for one that is slow. The log tells once that it went away
 * and once that it is back; the URL, which may hold a password, is never logged.
 */
export class NatsLink implements AsyncDisposable {
  readonly #options: ConnectionOptions
  readonly #events: NatsConnectionEvents
  readonly #counts: BusCounts
  readonly #interruptions: NatsInterruptions
  #connection: NatsConnection | undefined
  /** Open while the server is there. */
  #window: SendWindow | undefined
  #abandoning: NodeJS.Timeout | undefined
  #isClosed = false

  /**
   * @param options.counts are told what it takes, and what becomes of the connection.
   * @throws TypeError for a URL that `readNatsUrl` cannot read.
   */
  constructor(options: { url: string; logger: Logger; counts: BusCounts } & NatsConnectionEvents) {
    const address = readNatsUrl(options.url)
    if (!address) throw new TypeError('The URL of NATS is not one.')
    this.#options = { ...OPTIONS, ...address, reconnectToServer: () => this.#beforeAttempt() }
    this.#events = options
    this.#counts = options.counts
    this.#interruptions = new NatsInterruptions(options.logger)
    void this.#run()
  }

  /** Sends what is published while the server is there, and drops it otherwise. False when it was dropped. Never throws. */
  publish(subject: string, message: Uint8Array): boolean {
    if (!this.#connection || !this.#window) return this.#drop('disconnected')
    if (!this.#window.admits(message.length)) return this.#drop('backlog')
    try {
      this.#connection.publish(subject, message)
      this.#counts.published += 1
      return true
    } catch {
      // The connection has just been closed, or this server takes no messages of that size.
      return this.#drop('refused')
    }
  }

  /** Sends what was published, if the server takes it within half a second, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const connection = this.#connection
    // A server that goes away now leaves the flush unsettled, because it is not dialled again.
    const gone = connection?.closed()
    if (this.#window && connection) await Promise.race([flushed(connection), gone, pause(LAST_MOMENTS_MS)])
    this.#window = undefined
    await connection?.close()
  }

  async #run(): Promise<void> {
    const { connect } = await import('@nats-io/transport-node')
    while (!this.#isClosed) {
      // The first attempt tells why it failed; those that follow try until there is a connection.
      const connection = await connect(this.#options)
        .catch((error: unknown) => {
          this.#interruptions.away(error)
          return connect({ ...this.#options, waitOnFirstConnect: true })
        })
        .catch(() => undefined)
      if (connection) await this.#follow(connection)
      else if (!this.#isClosed) await pause(PATIENCE_MS)
    }
  }

  /** Until it is closed: by us, or because it cannot go on. */
  async #follow(connection: NatsConnection): Promise<void> {
    if (this.#isClosed) return connection.close()
    const statuses = connection.status()
    this.#connection = connection
    this.#events.onOpened(connection)
    this.#begin(connection)
    for await (const status of statuses) this.#take(status, connection)
    this.#lose()
  }

  #take(status: Status, connection: NatsConnection): void {
    if (status.type === 'reconnect') this.#begin(connection)
    if (status.type === 'disconnect') this.#lose()
    if (status.type === 'error') this.#interruptions.failed(status.error)
    if (status.type === 'slowConsumer') this.#interrupt()
    if (status.type === 'staleConnection') this.#abandon(connection)
    if (status.type === 'disconnect' || status.type === 'close') clearTimeout(this.#abandoning)
  }

  #begin(connection: NatsConnection): void {
    this.#window = new SendWindow(connection)
    this.#counts.isConnected = true
    this.#interruptions.back()
    // Told when the server has confirmed the subscriptions, so that nothing is lost between a look and them.
    void flushed(connection).then((isThere) => {
      if (isThere && !this.#isClosed) this.#events.onInterruption()
    })
  }

  #lose(): void {
    if (!this.#window) return
    this.#window = undefined
    this.#counts.isConnected = false
    if (this.#isClosed) return
    this.#interruptions.away(undefined)
    this.#interrupt()
  }

  #interrupt(): void {
    this.#counts.interruptions += 1
    this.#events.onInterruption()
  }

  #drop(reason: DropReason): false {
    this.#counts.dropped[reason] += 1
    return false
  }

  /** The server answers no more. The client waits until it takes what is on its way, which a frozen one may never do. */
  #abandon(connection: NatsConnection): void {
    this.#lose()
    this.#abandoning = setTimeout(() => void connection.close(), LAST_MOMENTS_MS)
  }

  /** The client's own way to end its attempts is an error here. */
  #beforeAttempt(): null {
    if (this.#isClosed) throw new Error('The connection is not wanted any more.')
    return null
  }
}

const pause = (milliseconds: number) => delay(milliseconds, false, { ref: false })
