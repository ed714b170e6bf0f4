import { z } from 'zod'
import type { EventBus } from './event-bus.ts'
import type { Logger } from './logging.ts'
import { type Metrics, observe } from './metrics.ts'
import type { ServiceClient } from './service-client.ts'

/** What of an access token decides whether it was revoked. Ids are UUIDs. */
export interface Revocable {
  readonly userId: string
  readonly sessionId: string
  readonly tokenVersion: number
}

/** What a process knows of access tokens that were revoked before they expired. */
export interface Revocations {
  isRevoked(token: Revocable): boolean
}

/** The bus topic that rings when tokens were revoked. */
export const TOKENS_REVOKED = 'tokens-revoked'

/** A session that was ended, or a user whose tokens below a version are refused. */
const subject = z.union([
  z.object({ sessionId: z.uuid() }),
  z.object({ userId: z.uuid(), tokenVersion: z.int().nonnegative() }),
])

/** One page of auth's answer to `GET /internal/revocations`, oldest first. */
const revocationPage = z.object({
  revocations: z.array(
    z.object({ id: z.uuid(), revokedAt: z.iso.datetime(), forgetAt: z.iso.datetime(), revoked: subject }),
  ),
  hasMore: z.boolean(),
})

export type RevocationPage = z.infer<typeof revocationPage>

type Revocation = RevocationPage['revocations'][number]

/** The last entry of the page before: the next page begins after this moment, and within it after this id. */
export type RevocationPosition = Pick<Revocation, 'revokedAt' | 'id'>

/** Reads auth's list over HTTP. */
export function remoteRevocations(auth: ServiceClient) {
  return ({ revokedAt, id }: RevocationPosition): Promise<RevocationPage> => {
    const query = new URLSearchParams({ after: revokedAt, afterId: id })
    return auth.get(`/internal/revocations?${query}`, revocationPage)
  }
}

/** A transaction that began before the newest one known may commit after it; it is found by looking back so far. */
const OVERLAP_MS = 15_000
/** Often enough that a revocation is in force within a second although no ring arrives. */
const READ_EVERY_MS = 500
const AGE = {
  name: 'parley_revocation_list_age_seconds',
  help: 'Time since the list of revoked tokens was last read whole.',
}
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/**
 * Keeps auth's list of revoked tokens in memory: read twice a second, and at once when the bus rings, because the bus
 * may lose a ring. Each entry is dropped once no token it names can be valid. While auth is away the list goes stale; it
 * can be wrong for at most an access token's life.
 */
export class RevocationList implements Revocations, AsyncDisposable {
  readonly #readPage: (after: RevocationPosition) => Promise<RevocationPage>
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: (() => void) | undefined
  readonly #entries = new RevocationEntries()
  readonly #watchers = new Set<{ readonly token: Revocable; readonly listener: () => void }>()
  #newest = 0
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined
  #readAt: number
  #isStale = false

  constructor(options: {
    readPage: (after: RevocationPosition) => Promise<RevocationPage>
    bus?: EventBus | undefined
    logger: Logger
    now?: (() => Date) | undefined
    metrics?: Metrics | undefined
    everyMs?: number
  }) {
    this.#readPage = options.readPage
    this.#logger = options.logger
    this.#now = options.now ?? (() => new Date())
    this.#readAt = this.#now().getTime()
    if (options.metrics) observe(options.metrics, { ...AGE, read: () => this.ageSeconds() })
    this.#unsubscribe = options.bus?.subscribe(TOKENS_REVOKED, () => void this.refresh())
    this.#timer = setInterval(() => void this.refresh(), options.everyMs ?? READ_EVERY_MS)
    void this.refresh()
  }

  isRevoked(token: Revocable): boolean {
    return this.#entries.include(token)
  }

  /** Calls `listener` once when the token is revoked, until the returned function is called. */
  onRevoked(token: Revocable, listener: () => void): () => void {
    const watcher = { token, listener }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** How long ago the list was last read whole, in seconds. */
  ageSeconds(): number {
    return Math.max(0, (this.#now().getTime() - this.#readAt) / 1000)
  }

  /** Reads what is new. Never rejects. Calls that come while one is under way share the next: theirs may be newer. */
  refresh(): Promise<void> {
    if (!this.#reading) return this.#begin()
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined
      return this.#begin()
    })
    return this.#next
  }

  #begin(): Promise<void> {
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#unsubscribe?.()
    await (this.#next ?? this.#reading)
  }

  async #read(): Promise<void> {
    try {
      let isNews = false
      for await (const revocation of this.#pages()) isNews = this.#add(revocation) || isNews
      if (isNews) this.#tellWatchers()
      this.#readAt = this.#now().getTime()
      this.#entries.forget(this.#readAt)
      if (this.#isStale) this.#logger.info('the revocation list is current again')
      this.#isStale = false
    } catch (error) {
      if (!this.#isStale) this.#logger.warn({ err: error }, 'the revocation list is stale')
      this.#isStale = true
    }
  }

  async *#pages(): AsyncGenerator<Revocation> {
    let last = { revokedAt: new Date(Math.max(0, this.#newest - OVERLAP_MS)).toISOString(), id: FIRST_ID }
    for (let hasMore = true; hasMore; ) {
      const page = await this.#readPage(last)
      yield* page.revocations
      last = page.revocations.at(-1) ?? last
      hasMore = page.hasMore
    }
  }

  #add(revocation: Revocation): boolean {
    this.#newest = Math.max(this.#newest, Date.parse(revocation.revokedAt))
    return this.#entries.add(revocation)
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers) {
      if (!this.isRevoked(watcher.token)) continue
      this.#watchers.delete(watcher)
      watcher.listener()
    }
  }
}

/** What is revoked, by session and by user. */
class RevocationEntries {
  readonly #sessions = new Map<string, { readonly forgetAt: number }>()
  readonly #users = new Map<string, { readonly forgetAt: number; readonly tokenVersion: number }>()

  include({ sessionId, userId, tokenVersion }: Revocable): boolean {
    return this.#sessions.has(sessionId) || tokenVersion < (this.#users.get(userId)?.tokenVersion ?? 0)
  }

  /** @returns whether it refuses tokens that were not refused before. */
  add({ revoked, forgetAt }: Revocation): boolean {
    const entry = { forgetAt: Date.parse(forgetAt) }
    if ('sessionId' in revoked) {
      const isNew = !this.#sessions.has(revoked.sessionId)
      if (isNew) this.#sessions.set(revoked.sessionId, entry)
      return isNew
    }
    const { userId, tokenVersion } = revoked
    const isNew = tokenVersion > (this.#users.get(userId)?.tokenVersion ?? 0)
    if (isNew) this.#users.set(userId, { ...entry, tokenVersion })
    return isNew
  }

  forget(time: number): void {
    for (const entries of [this.#sessions, this.#users]) {
      for (const [id, { forgetAt }] of entries) if (forgetAt <= time) entries.delete(id)
    }
  }
}
