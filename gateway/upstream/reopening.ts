/** How long a stream whose upstream is away is kept, in milliseconds. */
export interface Patience {
  /** Of one that has never been open. */
  readonly openingMs: number
  readonly lostMs: number
}

export const PATIENCE: Patience = { openingMs: 10_000, lostMs: 60_000 }

/** The first try comes within this time, the second within twice as much, and so on. */
const FIRST_TRY_MS = 250
const MAX_TRY_MS = 5_000

/** Streams that are lost together are opened again within a time that grows with their number, up to a second. */
const SPREAD_MS_EACH = 0.1
const MAX_SPREAD_MS = 1_000

/** @param together how many streams were lost at once. */
export function spreadMs(together: number): number {
  return Math.max(FIRST_TRY_MS, Math.min(MAX_SPREAD_MS, together * SPREAD_MS_EACH))
}

/** When one stream is opened again, and when that is given up: exponential back-off with full jitter. */
export class Reopening {
  readonly #patience: Patience
  readonly #random: () => number
  #tries = 0
  /** Since when it is away. */
  #since: number | undefined

  /** @param now when it is opened for the first time: until that succeeds it counts as away. */
  constructor(options: { patience: Patience; random: () => number; now: number }) {
    this.#patience = options.patience
    this.#random = options.random
    this.#since = options.now
  }

  /** What it was open for, as far as anybody can tell, is not counted as away. */
  exclude(milliseconds: number): void {
    if (this.#since !== undefined) this.#since += milliseconds
  }

  /** It goes on: what fails next fails for the first time. */
  succeeded(): void {
    this.#tries = 0
    this.#since = undefined
  }

  /**
   * @param options.wasOpen whether it has ever been open.
   * @param options.withinMs the time in which the first try comes.
   * @returns how long to wait, in milliseconds; undefined when it is given up.
   */
  delay({ now, wasOpen, withinMs }: { now: number; wasOpen: boolean; withinMs: number }): number | undefined {
    this.#since ??= now
    const { lostMs, openingMs } = this.#patience
    const left = this.#since + (wasOpen ? lostMs : openingMs) - now
    if (left <= 0) return undefined
    const backOff = this.#tries === 0 ? 0 : Math.min(MAX_TRY_MS, FIRST_TRY_MS * 2 ** this.#tries)
    this.#tries += 1
    return Math.min(this.#random() * Math.max(withinMs, backOff), left)
  }
}

/** How many of a subgraph's streams are opened again at once. */
const MAX_AT_ONCE = 500

/** Lets streams pass that are opened again, in the order they came, so many at once. */
export class ReopeningGate {
  readonly #waiting = new Set<() => void>()
  #inside = 0

  /**
   * @param begin called when it is the stream's turn, at once if there is room.
   * @returns leaves the line, or the place inside; the same as `begin` is given.
   */
  enter(begin: (leave: () => void) => void): () => void {
    let hasLeft = false
    const turn = () => begin(leave)
    const leave = () => {
      if (hasLeft) return
      hasLeft = true
      if (this.#waiting.delete(turn)) return
      this.#inside -= 1
      this.#admit()
    }
    this.#waiting.add(turn)
    this.#admit()
    return leave
  }

  #admit(): void {
    for (const turn of this.#waiting) {
      if (this.#inside >= MAX_AT_ONCE) return
      this.#waiting.delete(turn)
      this.#inside += 1
      turn()
    }
  }
}
