/**
 * Decisions that look random and depend on nothing but a seed and the decision's own name: to leave one thing out
 * changes no other, so that a failing case can be made smaller.
 */
export class Chance {
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  /** @returns at least 0, below 1. */
  at(label: string): number {
    // FNV-1a, finished as MurmurHash3 is: labels that differ in their last character alone must not resemble each other.
    let hash = (0x811c9dc5 ^ this.#seed) >>> 0
    for (let index = 0; index < label.length; index += 1) hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
  }

  is(label: string, probability: number): boolean {
    return this.at(label) < probability
  }

  /** @returns a whole number, at least 0. */
  below(label: string, limit: number): number {
    return Math.floor(this.at(label) * limit)
  }

  /** @throws Error when there is nothing to pick. */
  pick<T>(label: string, options: readonly T[]): T {
    if (options.length === 0) throw new Error(`Nothing to pick for ${label}.`)
    return options[this.below(label, options.length)] as T
  }

  /** Some of them, in their order; at least one when there are any. */
  some<T>(label: string, options: readonly T[], probability: number): T[] {
    const picked = options.filter((_, index) => this.is(`${label}/${index}`, probability))
    return picked.length > 0 || options.length === 0 ? picked : [this.pick(label, options)]
  }
}
