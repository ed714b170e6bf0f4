import { EventEmitter } from 'node:events'
import type { EventBus } from './event-bus.ts'

/** The bus of a graph that lives in one process. Delivery is asynchronous, as it is on a network. */
export class MemoryEventBus implements EventBus {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  publish(topic: string, payload: unknown): void {
    setImmediate(() => this.#emitter.emit(topic, payload))
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    this.#emitter.on(topic, listener)
    return () => this.#emitter.off(topic, listener)
  }

  /** Nothing interrupts it. */
  onInterruption(): () => void {
    return () => undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#emitter.removeAllListeners()
  }
}
