import type { Ring } from './doorbell.ts'
import type { LoggedEvent } from './event-log.ts'
import { RING_SIZE } from './event-ring.ts'

/** An event, and when it was committed, as far as that is known: {@link Ring}. */
export interface EarlyEvent {
  readonly event: LoggedEvent
  readonly at: number | undefined
}

/** Events that rang before those that come before them in the log; a few, and only for a moment. */
export class EarlyEvents {
  readonly #events = new Map<number, EarlyEvent>()

  /** Beyond 256 events no more are kept; they are read then. */
  keep({ events, at }: Ring): void {
    for (const event of events) {
      if (this.#events.size < RING_SIZE) this.#events.set(event.seq, { event, at })
    }
  }

  /** Those that follow this one without a gap. */
  after(seq: number): EarlyEvent[] {
    const following: EarlyEvent[] = []
    for (let next = this.#events.get(seq + 1); next; next = this.#events.get(next.event.seq + 1)) following.push(next)
    return following
  }

  clear(): void {
    this.#events.clear()
  }
}
