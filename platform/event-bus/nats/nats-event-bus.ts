import type { Logger } from '../../logging.ts'
import { BusCounts, type BusTraffic } from '../bus-traffic.ts'
import type { EventBus } from '../event-bus.ts'
import { BusListeners } from '../listeners.ts'
import { hearMessage, publishMessage } from '../message-spans.ts'
import { encodePayload } from '../payload.ts'
import { NatsLink } from './connection.ts'
import { type HeardMessage, NatsMessages, subjectOf } from './message.ts'
import { NatsSubscriptions } from './subscriptions.ts'

const WARN_EVERY_MS = 60_000

interface NatsEventBusOptions {
  /** As `readNatsUrl` reads it. */
  readonly url: string
  /** Shared by all services of the graph: what was not written with it is not heard. */
  readonly serviceSecret: string | undefined
  readonly logger: Logger
  /** How long a topic stays subscribed to when nobody listens any more, in milliseconds; half a minute when not given. */
  readonly lingerMs?: number
}

/**
 * The bus between processes: core NATS, at most once. It starts although NATS is away and says through `onInterruption`
 * whenever something may have been missed. What NATS does not take is heard in this process alone.
 */
export class NatsEventBus implements EventBus {
  readonly #listeners: BusListeners
  readonly #messages: NatsMessages
  readonly #subscriptions: NatsSubscriptions
  readonly #link: NatsLink
  readonly #logger: Logger
  readonly #counts = new BusCounts()
  #dropped = 0
  #warnedAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor({ url, serviceSecret, logger, lingerMs }: NatsEventBusOptions) {
    this.#logger = logger
    this.#listeners = new BusListeners(logger)
    this.#messages = new NatsMessages(serviceSecret)
    this.#subscriptions = new NatsSubscriptions({ lingerMs, deliver: (topic, data) => this.#receive(topic, data) })
    this.#link = new NatsLink({
      url,
      logger,
      counts: this.#counts,
      onOpened: (connection) => this.#subscriptions.moveTo(connection),
      onInterruption: () => this.#listeners.tellInterruption(),
    })
  }

  get traffic(): BusTraffic {
    return this.#counts
  }

  publish(topic: string, payload: unknown): void {
    const subject = subjectOf(topic)
    const json = encodePayload(payload)
    publishMessage('nats', topic, (traceparent) => {
      // What NATS takes comes back to those who listen here too.
      const isTaken = this.#link.publish(subject, this.#messages.write(subject, json, traceparent))
      if (isTaken || !this.#listeners.has(topic)) return
      setImmediate(() => this.#deliver(topic, { payload: JSON.parse(json), traceparent }))
    })
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    if (this.#isClosed) return () => undefined
    this.#subscriptions.need(topic)
    return this.#listeners.add(topic, listener, () => this.#subscriptions.release(topic))
  }

  onInterruption(listener: () => void): () => void {
    return this.#listeners.onInterruption(listener)
  }

  /** Within a second, whatever NATS does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#listeners.clear()
    await this.#link[Symbol.asyncDispose]()
    this.#subscriptions.close()
  }

  #receive(topic: string, data: Uint8Array): void {
    if (!this.#listeners.has(topic)) return
    const message = this.#messages.read(subjectOf(topic), data)
    if (message) this.#deliver(topic, message)
    else this.#drop()
  }

  #deliver(topic: string, { payload, traceparent }: HeardMessage): void {
    this.#counts.received += 1
    hearMessage('nats', topic, traceparent, () => this.#listeners.tell(topic, payload))
  }

  /** Whoever floods NATS must not flood the log. */
  #drop(): void {
    this.#dropped += 1
    this.#counts.dropped.foreign += 1
    if (performance.now() - this.#warnedAt < WARN_EVERY_MS) return
    this.#logger.warn(
      { dropped: this.#dropped },
      'Messages on NATS were dropped that this graph did not write: by somebody else, or with another SERVICE_SECRET.',
    )
    this.#warnedAt = performance.now()
    this.#dropped = 0
  }
}
