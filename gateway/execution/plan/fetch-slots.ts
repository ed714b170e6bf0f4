/** Of one operation: a plan may have many fetches side by side, and a subgraph serves other operations too. */
const MAX_FETCHES = 16

/** Lets so many fetches be under way at once; the others wait, and begin in the order in which they came. */
export class FetchSlots {
  readonly #waiting: (() => void)[] = []
  #free = MAX_FETCHES

  /** @param fetch begins it; must not throw, but may reject. */
  run<Result>(fetch: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) return this.#begin(fetch)
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(this.#begin(fetch)))
    })
  }

  #begin<Result>(fetch: () => Promise<Result>): Promise<Result> {
    this.#free -= 1
    const result = fetch()
    result.then(this.#release, this.#release)
    return result
  }

  readonly #release = (): void => {
    this.#free += 1
    this.#waiting.shift()?.()
  }
}
