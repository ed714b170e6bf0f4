import type { Logger } from '../logging.ts'
import type { EventBus } from './event-bus.ts'
import { BusListeners } from './listeners.ts'
import { encodePayload } from './payload.ts'

/** The bus of a graph that lives in one process. Delivery is asynchronous and by value, as it is on a network. */
export class MemoryEventBus implements EventBus {
  readonly #listeners: BusListeners
  #isClosed = false

  /** @param options.logger is told what listeners throw. */
  constructor(options: { logger?: Logger } = {}) {
    this.#listeners = new BusListeners(options.logger)
  }

  publish(topic: string, payload: unknown): void {
    if (!this.#listeners.has(topic)) return
    const json = encodePayload(payload)
    setImmediate(() => this.#listeners.tell(topic, JSON.parse(json)))
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
}
