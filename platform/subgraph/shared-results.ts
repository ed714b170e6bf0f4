/** A message that was edited or deleted since must not be told as it was to whoever comes late. */
const SHARED_FOR_MS = 1_000

interface SharedResult {
  readonly since: number
  /** JSON; nothing when it turned out not to be for others. */
  readonly text: Promise<string | undefined>
}

type Results = WeakMap<object, Map<string, SharedResult>>

/**
 * What became of events, for others who get the same event with the same selection: for a second at most, and no longer
 * than somebody holds the event.
 */
export class SharedResults {
  #newer: Results = new WeakMap()
  #older: Results = new WeakMap()
  #turnedAt = performance.now()

  /** What somebody with this selection got for this very event within the last second, or is about to get. */
  find(event: object, selection: string): Promise<string | undefined> | undefined {
    const found = this.#newer.get(event)?.get(selection) ?? this.#older.get(event)?.get(selection)
    return found && performance.now() - found.since < SHARED_FOR_MS ? found.text : undefined
  }

  /** @param text JSON, or nothing when it is not for others; must not reject. */
  offer(event: object, selection: string, text: Promise<string | undefined>): void {
    this.#forgetOld()
    const results = this.#newer.get(event) ?? new Map<string, SharedResult>()
    this.#newer.set(event, results.set(selection, { since: performance.now(), text }))
  }

  /** An event may live for long; the texts that were made of it do not. */
  #forgetOld(): void {
    const now = performance.now()
    if (now - this.#turnedAt < SHARED_FOR_MS) return
    this.#older = now - this.#turnedAt < 2 * SHARED_FOR_MS ? this.#newer : new WeakMap()
    this.#newer = new WeakMap()
    this.#turnedAt = now
  }
}
