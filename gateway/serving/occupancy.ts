/** Counts what runs, so that what it runs on can be let go of when the last of it has ended. */
export class Occupancy {
  readonly #empty = Promise.withResolvers<void>()
  #running = 0
  #isLeft = false

  /** Runs something, and counts it until it has ended. */
  async during<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#running += 1
    try {
      return await run()
    } finally {
      this.#running -= 1
      if (this.#isLeft && this.#running === 0) this.#empty.resolve()
    }
  }

  /** Nothing more begins; resolves when nothing runs any more. */
  leave(): Promise<void> {
    this.#isLeft = true
    if (this.#running === 0) this.#empty.resolve()
    return this.#empty.promise
  }
}
