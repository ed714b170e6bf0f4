import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import { subjectOf } from './message.ts'

/** Whoever comes back to a topic, as a client does that reconnects, finds its subscription for so long. */
const LINGER_MS = 30_000
/** So many subscriptions wait for somebody at most; of more the oldest go at once. */
const MOST_IDLE = 10_000

/**
 * The subscriptions of one process to NATS: one a topic, however many listen to it here. While there is no connection they
 * are remembered, and made when there is one.
 */
export class NatsSubscriptions {
  readonly #deliver: (topic: string, data: Uint8Array) => void
  readonly #subscriptions = new Map<string, Subscription | undefined>()
  /** Topics that nobody listens to any more, with the moment since when; oldest first. */
  readonly #idle = new Map<string, number>()
  readonly #lingerMs: number
  readonly #sweeping: NodeJS.Timeout
  #connection: NatsConnection | undefined

  /** @param options.deliver must not throw: it would break the connection. */
  constructor(options: { deliver: (topic: string, data: Uint8Array) => void; lingerMs?: number | undefined }) {
    this.#deliver = options.deliver
    this.#lingerMs = options.lingerMs ?? LINGER_MS
    this.#sweeping = setInterval(() => this.#dropIdle(), this.#lingerMs / 4).unref()
  }

  /** How many topics are subscribed to, or will be. */
  get size(): number {
    return this.#subscriptions.size
  }

  /** Makes all of them on a new connection, which makes them again by itself whenever it reconnects. */
  moveTo(connection: NatsConnection): void {
    this.#connection = connection
    for (const topic of this.#subscriptions.keys()) this.#subscribe(topic)
  }

  /** Somebody listens. */
  need(topic: string): void {
    this.#idle.delete(topic)
    if (!this.#subscriptions.has(topic)) this.#subscribe(topic)
  }

  /** Nobody listens any more. */
  release(topic: string): void {
    this.#idle.set(topic, performance.now())
    const [oldest] = this.#idle.keys()
    if (this.#idle.size > MOST_IDLE && oldest !== undefined) this.#drop(oldest)
  }

  /** Forgets all of them; they end with the connection. */
  close(): void {
    clearInterval(this.#sweeping)
    this.#subscriptions.clear()
    this.#idle.clear()
  }

  #subscribe(topic: string): void {
    // With a callback: the iterator would queue what arrives without bound.
    const callback = (error: Error | null, message: { readonly data: Uint8Array }) => {
      if (!error) this.#deliver(topic, message.data)
    }
    const isOpen = this.#connection?.isClosed() === false
    this.#subscriptions.set(topic, isOpen ? this.#connection?.subscribe(subjectOf(topic), { callback }) : undefined)
  }

  #dropIdle(): void {
    for (const [topic, since] of this.#idle) {
      if (performance.now() - since < this.#lingerMs) break
      this.#drop(topic)
    }
  }

  #drop(topic: string): void {
    this.#idle.delete(topic)
    this.#subscriptions.get(topic)?.unsubscribe()
    this.#subscriptions.delete(topic)
  }
}
