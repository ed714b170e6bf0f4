/** One of those who share a budget. */
export interface Laggard {
  /** Must give all of its characters back. */
  onEvicted(): void
}

/**
 * How much all subscribers together may lag behind, so that many slow ones cannot fill the memory. When it is used up,
 * the one who lags most is evicted.
 */
export class LagBudget {
  readonly #maxCharacters: number
  readonly #laggards = new Map<Laggard, number>()
  #characters = 0

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters
  }

  /** Of JSON, waiting for all subscribers. */
  get characters(): number {
    return this.#characters
  }

  /** @param characters by how much the laggard lags more; negative when it lags less. */
  charge(laggard: Laggard, characters: number): void {
    const lag = (this.#laggards.get(laggard) ?? 0) + characters
    if (lag > 0) this.#laggards.set(laggard, lag)
    else this.#laggards.delete(laggard)
    this.#characters += characters
    // One is enough: the one who lags most lags at least by what was just charged.
    if (this.#characters > this.#maxCharacters) this.#largest()?.onEvicted()
  }

  #largest(): Laggard | undefined {
    let largest: Laggard | undefined
    let most = 0
    for (const [laggard, characters] of this.#laggards) {
      if (characters <= most) continue
      largest = laggard
      most = characters
    }
    return largest
  }
}
