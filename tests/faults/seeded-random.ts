import { seededRandom } from '../support/seeded-random.ts'

/** Repeatable chances: what one seed decided once it decides again. */
export class SeededRandom {
  /** 0 to 1, without 1. */
  readonly next: () => number

  constructor(seed: number) {
    this.next = seededRandom(seed)
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
