import { z } from 'zod'
import type { EventBus } from './event-bus.ts'
import type { Logger } from './logging.ts'
import type { ServiceClient } from './service-client.ts'

/** What a process knows of sessions that were ended before their access tokens expired. */
export interface Revocations {
  isRevoked(viewer: { readonly sessionId: string }): boolean
}

/** The bus topic that rings when a session was ended. */
export const SESSION_ENDED = 'session-ended'

/** One page of auth's answer to `GET /internal/revocations`, oldest first. Session ids are UUIDs. */
const revocationPage = z.object({
  revocations: z.array(z.object({ sessionId: z.uuid(), revokedAt: z.iso.datetime(), forgetAt: z.iso.datetime() })),
  hasMore: z.boolean(),
})

export type RevocationPage = z.infer<typeof revocationPage>

type Revocation = RevocationPage['revocations'][number]

/** The last entry of the page before: the next page begins after this moment, and within it after this session. */
export type RevocationPosition = Pick<Revocation, 'revokedAt' | 'sessionId'>

/** Reads auth's list over HTTP. */
export function remoteRevocations(auth: ServiceClient) {
  return ({ revokedAt, sessionId }: RevocationPosition): Promise<RevocationPage> => {
    const after = new URLSearchParams({ after: revokedAt, afterSession: sessionId })
    return auth.get(`/internal/revocations?${after}`, revocationPage)
  }
}

/** A transaction that began before the newest one known may commit after it; it is found by looking back so far. */
const OVERLAP_MS = 15_000
const NOBODY = '00000000-0000-0000-0000-000000000000'

/**
 * Keeps auth's list of ended sessions in memory: asked for every second, and at once when the bus rings, because the
 * bus may lose a ring. Each entry is dropped once no access token of its session can be valid. While auth is away the
 * list goes stale; it can be wrong for at most an access token's life.
 */
export class RevocationList implements Revocations, AsyncDisposable {
  readonly #readPage: (after: RevocationPosition) => Promise<RevocationPage>
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: (() => void) | undefined
  readonly #forgetAt = new Map<string, number>()
  readonly #listeners = new Map<string, Set<() => void>>()
  #newest = 0
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined
  #isStale = false

  constructor(options: {
    readPage: (after: RevocationPosition) => Promise<RevocationPage>
    bus?: EventBus | undefined
    logger: Logger
    now?: (() => Date) | undefined
    everyMs?: number
  }) {
    this.#readPage = options.readPage
    this.#logger = options.logger
    this.#now = options.now ?? (() => new Date())
    this.#unsubscribe = options.bus?.subscribe(SESSION_ENDED, () => void this.refresh())
    this.#timer = setInterval(() => void this.refresh(), options.everyMs ?? 1_000)
    void this.refresh()
  }

  isRevoked({ sessionId }: { readonly sessionId: string }): boolean {
    return this.#forgetAt.has(sessionId)
  }

  /** Calls `listener` when the session is ended, until the returned function is called. */
  onRevoked(sessionId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set()
    this.#listeners.set(sessionId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(sessionId)
    }
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
      for await (const revocation of this.#pages()) this.#add(revocation)
      this.#forget()
      if (this.#isStale) this.#logger.info('the revocation list is current again')
      this.#isStale = false
    } catch (error) {
      if (!this.#isStale) this.#logger.warn({ err: error }, 'the revocation list is stale')
      this.#isStale = true
    }
  }

  async *#pages(): AsyncGenerator<Revocation> {
    let last = { revokedAt: new Date(Math.max(0, this.#newest - OVERLAP_MS)).toISOString(), sessionId: NOBODY }
    for (let hasMore = true; hasMore; ) {
      const page = await this.#readPage(last)
      yield* page.revocations
      last = page.revocations.at(-1) ?? last
      hasMore = page.hasMore
    }
  }

  #add({ sessionId, revokedAt, forgetAt }: Revocation): void {
    this.#newest = Math.max(this.#newest, Date.parse(revokedAt))
    if (this.#forgetAt.has(sessionId)) return
    this.#forgetAt.set(sessionId, Date.parse(forgetAt))
    for (const listener of this.#listeners.get(sessionId) ?? []) listener()
  }

  #forget(): void {
    const time = this.#now().getTime()
    for (const [sessionId, forgetAt] of this.#forgetAt) if (forgetAt <= time) this.#forgetAt.delete(sessionId)
  }
}
