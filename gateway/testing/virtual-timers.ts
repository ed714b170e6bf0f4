import type { Timers } from '../upstream/timers.ts'

interface Timer {
  readonly at: number
  run: () => void
}

/** Time that passes only when it is told to. */
export class VirtualTimers implements Timers {
  /** The one that is due next comes last. */
  readonly #waiting: Timer[] = []
  #now = 0

  now(): number {
    return this.#now
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, run }
    this.#waiting.splice(this.#placeOf(timer.at), 0, timer)
    return () => {
      timer.run = () => {}
    }
  }

  /** Runs everything that is due by then, in order. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds
    for (let next = this.#waiting.at(-1); next && next.at <= until; next = this.#waiting.at(-1)) {
      this.#waiting.pop()
      this.#now = next.at
      next.run()
    }
    this.#now = until
  }

  /** Before those that are due at the same time, so that it runs after them. */
  #placeOf(at: number): number {
    let [low, high] = [0, this.#waiting.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#waiting[middle]?.at ?? 0) > at) low = middle + 1
      else high = middle
    }
    return low
  }
}
