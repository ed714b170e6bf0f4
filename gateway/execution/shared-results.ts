import { LruCache } from '../../platform/lru-cache.ts'
import { SharedResult } from './shared-result.ts'

/**
 * What all results that are kept may take, in characters of JSON; each takes one byte or two. The viewers of one thing
 * ask for the same result within moments, so a short memory is enough.
 */
const MAX_KEPT_CHARACTERS = 8_000_000

/** What a result takes beside its text and its key, in characters. */
const ENTRY_CHARACTERS = 500

/** What entities a result was completed with may have changed since: whoever comes later gets one of their own time. */
const FRESH_MS = 1_000

/** The results of events, each as long as it is fresh and there is room for it. */
export class SharedResults {
  readonly #now: () => number
  readonly #results: LruCache<SharedResult>
  /** Until when a result is fresh, by its key and in the order of that time; those that are so for ever are not here. */
  readonly #freshUntil = new Map<string, number>()
  readonly #serials = new WeakMap<object, number>()
  #serial = 0

  /**
   * @param options.now in milliseconds, of a clock that never goes back.
   * @param options.maxCharacters of all that is kept.
   */
  constructor(options: { now: () => number; maxCharacters?: number }) {
    this.#now = options.now
    this.#results = new LruCache(options.maxCharacters ?? MAX_KEPT_CHARACTERS)
  }

  /**
   * The result for everybody who asks with the same event and key.
   *
   * @param key what the result depends on beside the event; short, because it is kept too.
   * @param isTimeless whether it is the same at any time.
   */
  of(event: object, key: string, isTimeless: boolean): SharedResult {
    this.#dropStale()
    const entry = `${this.#serialOf(event)} ${key}`
    const known = this.#results.get(entry)
    if (known) return known
    const result: SharedResult = new SharedResult((text) => {
      this.#keep(entry, result, text.length)
      if (!isTimeless) this.#expire(entry)
    })
    this.#keep(entry, result, 0)
    return result
  }

  #keep(entry: string, result: SharedResult, characters: number): void {
    this.#results.set(entry, result, ENTRY_CHARACTERS + entry.length + characters)
  }

  #expire(entry: string): void {
    this.#freshUntil.delete(entry)
    this.#freshUntil.set(entry, this.#now() + FRESH_MS)
  }

  #dropStale(): void {
    for (const [entry, until] of this.#freshUntil) {
      if (this.#now() < until) break
      this.#freshUntil.delete(entry)
      this.#results.delete(entry)
    }
  }

  #serialOf(event: object): number {
    const known = this.#serials.get(event)
    if (known !== undefined) return known
    this.#serial += 1
    this.#serials.set(event, this.#serial)
    return this.#serial
  }
}
