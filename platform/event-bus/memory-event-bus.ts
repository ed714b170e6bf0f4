import type { Logger } from '../logging.ts'
import { BusCounts, type BusTraffic } from './bus-traffic.ts'
import type { EventBus } from './event-bus.ts'
import { BusListeners } from './listeners.ts'
import { hearMessage, publishMessage } from './message-spans.ts'
import { encodePayload } from './payload.ts'

/** The bus of a graph that lives in one process. Delivery is asynchronous and by value, as it is on a network. */
export class MemoryEventBus implements EventBus {
  readonly #listeners: BusListeners
  readonly #counts = new BusCounts()
  #isClosed = false

  /** @param options.logger is told what listeners throw. */
  constructor(options: { logger?: Logger } = {}) {
    this.#listeners = new BusListeners(options.logger)
    this.#counts.isConnected = true
  }

  get traffic(): BusTraffic {
    return this.#counts
  }

  publish(topic: string, payload: unknown): void {
    this.#counts.published += 1
    if (!this.#listeners.has(topic)) return
    const json = encodePayload(payload)
    publishMessage('memory', topic, (traceparent) => setImmediate(() => this.#deliver(topic, json, traceparent)))
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    return this.#isClosed ? () => undefined : this.#listeners.add(topic, listener)
  }

  /** Nothing interrupts it. */
  onInterruption(): () => void {
    return () => undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#listeners.clear()
  }

  #deliver(topic: string, json: string, traceparent: string | undefined): void {
    if (this.#listeners.has(topic)) this.#counts.received += 1
    hearMessage('memory', topic, traceparent, () => this.#listeners.tell(topic, JSON.parse(json)))
  }
}
