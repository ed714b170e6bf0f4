import type { LoggedEvent } from './event-log.ts'
import { RING_SIZE } from './event-ring.ts'

/** Events that rang before those that come before them in the log; a few, and only for a moment. */
export class EarlyEvents {
  readonly #events = new Map<number, LoggedEvent>()

  /** Beyond 256 events no more are kept; they are read then. */
  keep(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      if (this.#events.size < RING_SIZE) this.#events.set(event.seq, event)
    }
  }

  /** Those that follow this one without a gap. */
  after(seq: number): LoggedEvent[] {
    const following: LoggedEvent[] = []
    for (let next = this.#events.get(seq + 1); next; next = this.#events.get(next.seq + 1)) following.push(next)
    return following
  }

  clear(): void {
    this.#events.clear()
  }
}
