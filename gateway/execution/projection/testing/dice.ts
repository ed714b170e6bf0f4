/** Throws that depend on the seed alone (mulberry32). */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number from 0 to below the limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  /** True once in so many throws. */
  onceIn(throws: number): boolean {
    return this.below(throws) === 0
  }

  /** @throws Error when there is nothing to pick. */
  pick<T>(options: readonly T[]): T {
    if (options.length === 0) throw new Error('There is nothing to pick.')
    return options[this.below(options.length)] as T
  }
}
