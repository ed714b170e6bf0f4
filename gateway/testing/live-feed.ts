import { EventQueue } from '../subscriptions/event-queue.ts'

/** A source of events, as a subscription's `subscribe` returns it. */
export interface LiveSource<Event> extends AsyncIterableIterator<Event, undefined> {
  /** The position that it begins after. */
  readonly opensAt?: unknown
}

/** What a toy subgraph publishes, and who watches. */
export class LiveFeed<Event> {
  readonly #watchers = new Set<EventQueue<Event>>()

  get watcherCount(): number {
    return this.#watchers.size
  }

  publish(event: Event): void {
    for (const watcher of this.#watchers) watcher.push(event, 0)
  }

  /** Ends every stream, as the end of the data would. */
  complete(): void {
    for (const watcher of this.#watchers) watcher.close()
  }

  /**
   * @param first what the watcher is told before anything that is published.
   * @param opensAt where it begins, if the events do not tell.
   */
  watch(first: readonly Event[] = [], opensAt?: unknown): LiveSource<Event> {
    const queue = new EventQueue<Event>({ maxEvents: 100_000, maxCharacters: 0 })
    for (const event of first) queue.push(event, 0)
    this.#watchers.add(queue)
    const leave = async () => {
      this.#watchers.delete(queue)
      queue.close()
      return { done: true as const, value: undefined }
    }
    return {
      opensAt,
      next: async () => {
        const event = await new Promise<Event | undefined>((resolve) => queue.take(resolve))
        return event === undefined ? leave() : { done: false, value: event }
      },
      return: leave,
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
}
