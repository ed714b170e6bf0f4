import { RateLimitedError } from '../../../platform/errors.ts'

/** As many wait as may; in a few seconds it is another matter. */
export class OverloadedError extends RateLimitedError {}

/** Runs a few pieces of work at once and lets a few wait; beyond that it refuses, so that a flood cannot pile up. */
export class BoundedQueue {
  readonly #atOnce: number
  readonly #waiting: number
  readonly #waiters: (() => void)[] = []
  #running = 0

  constructor(options: { atOnce: number; waiting: number }) {
    this.#atOnce = options.atOnce
    this.#waiting = options.waiting
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** @throws OverloadedError when as many wait as may. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#takePlace()
    try {
      return await work()
    } finally {
      this.#handPlaceOn()
    }
  }

  async #takePlace(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1
      return
    }
    if (this.#waiters.length >= this.#waiting) {
      throw new OverloadedError('Too many passwords are being checked; try again in a few seconds.')
    }
    await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** The place goes to the next waiter without becoming free, so that a newcomer cannot overtake. */
  #handPlaceOn(): void {
    const next = this.#waiters.shift()
    if (next) next()
    else this.#running -= 1
  }
}
