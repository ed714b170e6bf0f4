/** A repeatable random number generator (mulberry32): what one seed decided once it decides again. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** From `low` to `high`, without `high`. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /**
   * One of these.
   *
   * @throws RangeError when there are none.
   */
  pick<Item>(items: readonly Item[]): Item {
    const picked = items[Math.floor(this.next() * items.length)]
    if (picked === undefined) throw new RangeError('There is nothing to pick from.')
    return picked
  }

  /** All of these in another order (Fisher and Yates). */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const left = [...items]
    return items.map(() => left.splice(Math.floor(this.next() * left.length), 1)[0] as Item)
  }
}
