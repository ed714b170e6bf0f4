import { LruCache } from '../../../../platform/lru-cache.ts'
import type { NameDirectory, PersonName } from '../../conversation/people.ts'

/** So many names are kept, about 2 MB. */
const MOST_NAMES = 10_000
/** `NameDirectory.namesOf` takes so many. */
const MOST_NAMES_A_CALL = 100
/** A name that was changed is known so many milliseconds later. */
const FRESH_MS = 60_000
/** When nobody answered, nobody waits for an answer for so many milliseconds. */
const REST_MS = 5_000

/** Null: there is no such user. */
interface KnownName {
  readonly name: PersonName | null
  readonly askedAt: number
}

/** What people are called, as far as it can be known without waiting for long. */
export class NameBook {
  readonly #directory: NameDirectory
  readonly #now: () => number
  readonly #known = new LruCache<KnownName>(MOST_NAMES)
  #restsUntil = 0

  /** @param options.now the time in milliseconds; a clock of its own when not given. */
  constructor(options: { directory: NameDirectory; now?: () => number }) {
    this.#directory = options.directory
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * What these users (UUIDs) are called; null for those who do not exist any more. Whoever is not known, because auth
   * does not answer or more than 100 new ones are asked for, is left out. Takes a second at most.
   */
  async namesOf(userIds: readonly string[]): Promise<Map<string, PersonName | null>> {
    const now = this.#now()
    const missing = userIds.filter((id) => (this.#known.get(id)?.askedAt ?? -Infinity) <= now - FRESH_MS)
    if (missing.length > 0 && now >= this.#restsUntil) await this.#ask(missing.slice(0, MOST_NAMES_A_CALL), now)
    return new Map(
      userIds.flatMap((id) => {
        const known = this.#known.get(id)
        return known ? [[id, known.name] as const] : []
      }),
    )
  }

  async #ask(userIds: readonly string[], askedAt: number): Promise<void> {
    try {
      const names = await this.#directory.namesOf(userIds)
      for (const id of userIds) this.#known.set(id, { name: names.get(id) ?? null, askedAt }, 1)
    } catch {
      // Auth is away; a prompt does without names rather than fail.
      this.#restsUntil = this.#now() + REST_MS
    }
  }
}
