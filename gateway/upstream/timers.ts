/** A clock and what it wakes. */
export interface Timers {
  /** In milliseconds, never going back. */
  now(): number
  /** @returns cancels. */
  after(milliseconds: number, run: () => void): () => void
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}
