import { z } from 'zod'
import type { EventBus } from './event-bus/event-bus.ts'
import type { Logger } from './logging.ts'
import { type Metrics, observe } from './metrics.ts'
import { RepeatedWork } from './repeated-work.ts'
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

/** The number Postgres gave a transaction, an `xid8` in decimal digits: 64 bits are more than a number holds. */
const xactId = z.string().regex(/^\d{1,19}$/)

/** Where a page of the list begins: with a transaction, all of it, or, given an id, after that entry of it. */
export const revocationPosition = z.object({ xactId, id: z.uuid().optional() })

export type RevocationPosition = z.infer<typeof revocationPosition>

/** One page of auth's answer to `GET /internal/revocations`, by position. */
const revocationPage = z.object({
  revocations: z.array(z.object({ forgetAt: z.iso.datetime(), revoked: subject })),
  /** Where the page after this one begins; nothing when this is the last. */
  nextPage: revocationPosition.optional(),
  /** Where the next reading begins. Only a first page says so: what commits between two pages must be found later. */
  nextReading: xactId.optional(),
})

export type RevocationPage = z.infer<typeof revocationPage>

type Revocation = RevocationPage['revocations'][number]

/** The position before everything. */
export const FIRST_REVOCATION: RevocationPosition = { xactId: '0' }

/** Reads auth's list over HTTP. */
export function remoteRevocations(auth: ServiceClient) {
  return ({ xactId, id }: RevocationPosition): Promise<RevocationPage> => {
    const query = new URLSearchParams({ after: xactId, ...(id !== undefined && { afterId: id }) })
    return auth.get(`/internal/revocations?${query}`, revocationPage)
  }
}

/** Often enough that a revocation is in force within a second and a half although no ring arrives. */
const READ_EVERY_MS = 500
const AGE = {
  name: 'parley_revocation_list_age_seconds',
  help: 'Time since the list of revoked tokens was last read whole.',
}
/** A database that was restored may count transactions from a lower number, below positions it gave out before. */
const READ_WHOLE_EVERY_MS = 60_000

/**
 * Keeps auth's list of revoked tokens in memory: read twice a second, and at once when the bus rings, because the bus
 * may lose a ring. What is read twice changes nothing; once a minute all is read that auth still lists. Each entry is
 * dropped once no token it names can be valid. While auth is away the list goes stale; it can be wrong for at most an
 * access token's life.
 */
export class RevocationList implements Revocations, AsyncDisposable {
  readonly #readPage: (after: RevocationPosition) => Promise<RevocationPage>
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #reading: RepeatedWork
  readonly #unsubscribe: (() => void) | undefined
  readonly #entries = new RevocationEntries()
  readonly #watchers = new Set<{ readonly token: Revocable; readonly listener: () => void }>()
  #position = FIRST_REVOCATION
  #readWholeAt = Number.NEGATIVE_INFINITY
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
    this.#reading = new RepeatedWork({
      everyMs: options.everyMs ?? READ_EVERY_MS,
      work: () => this.#read(),
      onFailure: (error) => this.#complain(error),
    })
    this.#unsubscribe = options.bus?.subscribe(TOKENS_REVOKED, () => void this.refresh())
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
    return this.#reading.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe?.()
    await this.#reading[Symbol.asyncDispose]()
  }

  async #read(): Promise<void> {
    await this.#readPages()
    this.#readAt = this.#now().getTime()
    this.#entries.forget(this.#readAt)
    if (this.#isStale) this.#logger.info('the revocation list is current again')
    this.#isStale = false
  }

  #complain(error: unknown): void {
    if (!this.#isStale) this.#logger.warn({ err: error }, 'the revocation list is stale')
    this.#isStale = true
  }

  /** Moves on only when every page was read. */
  async #readPages(): Promise<void> {
    const startedAt = this.#now().getTime()
    // A clock that was set back must not put it off.
    const isWhole = Math.abs(startedAt - this.#readWholeAt) >= READ_WHOLE_EVERY_MS
    const first = await this.#readPage(isWhole ? FIRST_REVOCATION : this.#position)
    this.#take(first)
    for (let { nextPage } = first; nextPage; ) {
      const page = await this.#readPage(nextPage)
      this.#take(page)
      nextPage = page.nextPage
    }
    this.#position = first.nextReading === undefined ? FIRST_REVOCATION : { xactId: first.nextReading }
    if (isWhole) this.#readWholeAt = startedAt
  }

  #take({ revocations }: RevocationPage): void {
    let isNews = false
    for (const revocation of revocations) isNews = this.#entries.add(revocation) || isNews
    if (isNews) this.#tellWatchers()
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
