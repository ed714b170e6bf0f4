import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import { BusListeners } from '../../platform/event-bus/listeners.ts'
import { MemoryEventBus } from '../../platform/event-bus/memory-event-bus.ts'
import { encodePayload } from '../../platform/event-bus/payload.ts'
import type { ListenerCount } from './graph-options.ts'

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

/** Another bus that tells how many listen. It disposes the other only if that is its own. */
export class CountingBus implements EventBus, ListenerCount {
  readonly #bus: EventBus
  readonly #isOwn: boolean
  readonly #listeners = new Map<string, number>()
  readonly #waiting = new Set<() => void>()

  /** @param bus what carries the messages; without it a bus within this process. */
  constructor(bus?: EventBus) {
    this.#bus = bus ?? new MemoryEventBus()
    this.#isOwn = bus === undefined
  }

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

  onInterruption(listener: () => void): () => void {
    return this.#bus.onInterruption(listener)
  }

  /** How many listen to topics that begin so. */
  listenersOf(prefix: string): number {
    const counts = [...this.#listeners].filter(([topic]) => topic.startsWith(prefix)).map(([, count]) => count)
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async count(prefix: string): Promise<number> {
    return this.listenersOf(prefix)
  }

  async until(prefix: string, count: number): Promise<void> {
    while (this.listenersOf(prefix) !== count) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOwn) await this.#bus[Symbol.asyncDispose]()
  }

  #count(topic: string, change: 1 | -1): void {
    this.#listeners.set(topic, (this.#listeners.get(topic) ?? 0) + change)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
