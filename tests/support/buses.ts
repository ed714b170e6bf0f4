import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { BusListeners } from '../../platform/event-bus/listeners.ts'
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { encodePayload } from '../../platform/event-bus/payload.ts'

/** A bus that loses every ring. */
export class SilentBus implements EventBus {
  publish(): void {}

  subscribe(): () => void {
    return () => undefined
  }

  onInterruption(): () => void {
    return () => undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A bus that has delivered a message, by value, when `publish` returns. */
export class PromptBus implements EventBus {
  readonly #listeners = new BusListeners(undefined)

  publish(topic: string, payload: unknown): void {
    this.#listeners.tell(topic, JSON.parse(encodePayload(payload)))
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    return this.#listeners.add(topic, listener)
  }

  onInterruption(): () => void {
    return () => undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
  }
}

/** A bus that tells how many listen. */
export class CountingBus implements EventBus {
  readonly #bus = new MemoryEventBus()
  readonly #listeners = new Map<string, number>()
  readonly #waiting = new Set<() => void>()

  publish(topic: string, payload: unknown): void {
    this.#bus.publish(topic, payload)
  }

  subscribe(topic: string, listener: (payload: unknown) => void): () => void {
    const unsubscribe = this.#bus.subscribe(topic, listener)
    this.#count(topic, 1)
    return () => {
      unsubscribe()
      this.#count(topic, -1)
    }
  }

  onInterruption(): () => void {
    return this.#bus.onInterruption()
  }

  /** How many listen to topics that begin so. */
  listenersOf(prefix: string): number {
    const counts = [...this.#listeners].filter(([topic]) => topic.startsWith(prefix)).map(([, count]) => count)
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** Resolves when exactly so many listen to topics that begin so. */
  async untilListeners(prefix: string, count: number): Promise<void> {
    while (this.listenersOf(prefix) !== count) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bus[Symbol.asyncDispose]()
  }

  #count(topic: string, change: 1 | -1): void {
    this.#listeners.set(topic, (this.#listeners.get(topic) ?? 0) + change)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
