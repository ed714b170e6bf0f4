/** Somebody who keeps events in memory, and can do without. */
export interface EventKeeper {
  /** How many events it keeps. */
  readonly ringSize: number
  /** How many follow it. */
  readonly size: number
  /** Keeps none of them any more. */
  forget(): void
}

/** About 700 bytes each. */
const MOST_EVENTS = 200_000
/** So much is freed at once, because it means looking through all of them. */
const KEPT_SHARE = 0.9

/**
 * Bounds the events that all hubs of a process keep. Those that nobody follows give up theirs first, then those where
 * nothing has happened for the longest time; whoever misses events there reads them from the database.
 */
export class RingBudget {
  readonly #most: number
  /** How many events each keeps; the one where nothing was added for the longest time comes first. */
  readonly #kept = new Map<EventKeeper, number>()
  #events = 0

  /** @param most events in all, 200,000 when not given; one keeper alone may go beyond it. */
  constructor(most = MOST_EVENTS) {
    this.#most = most
  }

  /** How many events are kept in all. */
  get events(): number {
    return this.#events
  }

  /** Counts what this one keeps now, and has others forget when that is too much. */
  count(keeper: EventKeeper): void {
    this.drop(keeper)
    const { ringSize } = keeper
    if (ringSize === 0) return
    this.#kept.set(keeper, ringSize)
    this.#events += ringSize
    if (this.#events > this.#most) this.#makeRoom(keeper)
  }

  /** Counts it no more. */
  drop(keeper: EventKeeper): void {
    this.#events -= this.#kept.get(keeper) ?? 0
    this.#kept.delete(keeper)
  }

  #makeRoom(newest: EventKeeper): void {
    const { idle = [], followed = [] } = Object.groupBy(this.#kept.keys(), ({ size }) =>
      size === 0 ? 'idle' : 'followed',
    )
    for (const keeper of [...idle, ...followed]) {
      if (this.#events <= this.#most * KEPT_SHARE) return
      if (keeper === newest) continue
      this.drop(keeper)
      keeper.forget()
    }
  }
}
