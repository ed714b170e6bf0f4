/** Deadlines are kept to so many milliseconds. */
const SLOT_MS = 250

/**
 * When each of many keys has to be looked at next; each has one such moment at most. Keys that fall due together lie in
 * one slot, so that looking for what is due costs a step for each slot in use, however many keys lie in it.
 */
export class Deadlines {
  readonly #slots = new Map<number, Set<string>>()
  readonly #slotOf = new Map<string, number>()

  /** How many keys have a deadline. */
  get size(): number {
    return this.#slotOf.size
  }

  /** Sees to it that the key is taken at this moment at the latest; infinite: no need. */
  set(key: string, dueAt: number): void {
    if (dueAt === Number.POSITIVE_INFINITY) return
    const slot = Math.ceil(dueAt / SLOT_MS)
    const before = this.#slotOf.get(key)
    if (before !== undefined && before <= slot) return
    this.#remove(key, before)
    this.#slotOf.set(key, slot)
    const keys = this.#slots.get(slot) ?? new Set()
    this.#slots.set(slot, keys.add(key))
  }

  /** The keys whose deadline has come; they have none from then on. */
  takeDue(now: number): string[] {
    const due: string[] = []
    for (const [slot, keys] of this.#slots) {
      if (slot * SLOT_MS > now) continue
      this.#slots.delete(slot)
      for (const key of keys) this.#slotOf.delete(key)
      due.push(...keys)
    }
    return due
  }

  #remove(key: string, slot: number | undefined): void {
    if (slot === undefined) return
    const keys = this.#slots.get(slot)
    keys?.delete(key)
    if (keys?.size === 0) this.#slots.delete(slot)
  }
}
