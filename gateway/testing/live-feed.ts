import { EventQueue } from '../subscriptions/event-queue.ts'

/** What a toy subgraph publishes, and who watches. */
export class LiveFeed<Event> {
  readonly #watchers = new Set<EventQueue<Event>>()

  get watcherCount(): number {
    return this.#watchers.size
  }

  publish(event: Event): void {
    for (const watcher of this.#watchers) watcher.push(event)
  }

  /** Ends every stream, as the end of the data would. */
  complete(): void {
    for (const watcher of this.#watchers) watcher.close()
  }

  watch(): AsyncIterableIterator<Event> {
    const queue = new EventQueue<Event>({ maxEvents: 10_000, maxCharacters: 100_000_000 })
    this.#watchers.add(queue)
    const leave = async () => {
      this.#watchers.delete(queue)
      queue.close()
      return { done: true as const, value: undefined }
    }
    return {
      next: async () => {
        const event = await queue.take()
        return event === undefined ? leave() : { done: false, value: event }
      },
      return: leave,
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
}
