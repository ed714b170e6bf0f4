import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { SubgraphUnavailableError } from './errors.ts'

/** Public keys by `kid`. */
export interface KeySet {
  /**
   * The key, or undefined when nobody published one under this id.
   *
   * @throws SubgraphUnavailableError when that cannot be known now.
   */
  find(kid: string): Promise<KeyObject | undefined>
  /** Resolves once keys have been seen; rejects while they cannot be had. */
  ready(): Promise<void>
}

/** A key that was seen so long ago, and not since, is no longer good: it may have been withdrawn because it leaked. */
export const LONGEST_KEY_AGE_MS = 60 * 60_000

const FRESH_MS = 5 * 60_000
const RETRY_MS = 1_000
const TIMEOUT_MS = 3_000

/**
 * The keys that auth publishes at `/.well-known/jwks.json` (RFC 7517), kept for five minutes. An unknown `kid` asks
 * again, at most once a second, so that a forged one cannot flood auth. While auth is away the last keys stay in use for
 * an hour; then none is good until auth answers.
 */
export class RemoteKeySet implements KeySet {
  readonly #url: string
  readonly #fetch: typeof fetch
  readonly #now: () => Date
  #keys = new Map<string, KeyObject>()
  #loadedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined
  /** Why the last request failed: a key that is unknown meanwhile may be a good one. */
  #failure: SubgraphUnavailableError | undefined

  constructor(url: string, options: { fetch?: typeof fetch; now?: () => Date } = {}) {
    this.#url = url
    this.#fetch = options.fetch ?? fetch
    this.#now = options.now ?? (() => new Date())
  }

  async find(kid: string): Promise<KeyObject | undefined> {
    const time = this.#now().getTime()
    const mayAsk = this.#loading !== undefined || time - this.#triedAt >= RETRY_MS
    if (this.#keys.has(kid) && !this.#areTooOld()) {
      if (mayAsk && time - this.#loadedAt > FRESH_MS) await this.#refresh()
      return this.#keys.get(kid)
    }
    if (mayAsk) await this.#load()
    else if (this.#failure) throw this.#failure
    return this.#keys.get(kid)
  }

  async ready(): Promise<void> {
    if (this.#keys.size === 0 || this.#areTooOld()) await this.#load()
  }

  #areTooOld(): boolean {
    return this.#now().getTime() - this.#loadedAt > LONGEST_KEY_AGE_MS
  }

  /** A key may have been withdrawn, so it is worth a wait; but while auth is known to be slow or away nobody waits. */
  async #refresh(): Promise<void> {
    const isAway = this.#failure !== undefined
    const loading = this.#load().catch(() => {})
    if (!isAway) await loading
  }

  #load(): Promise<void> {
    this.#loading ??= this.#download().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #download(): Promise<void> {
    this.#triedAt = this.#now().getTime()
    try {
      const response = await this.#fetch(this.#url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (!response.ok) throw new Error(`JWKS request answered ${response.status}`)
      this.#keys = readKeySet(await response.json())
      this.#loadedAt = this.#triedAt
      this.#failure = undefined
    } catch (error) {
      this.#failure = new SubgraphUnavailableError('auth', { cause: error })
      throw this.#failure
    }
  }
}

function readKeySet(document: unknown): Map<string, KeyObject> {
  const { keys } = document as { keys: (JsonWebKey & { kid: string })[] }
  return new Map(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]))
}
