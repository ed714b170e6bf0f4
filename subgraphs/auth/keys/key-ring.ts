import { createPublicKey, type KeyObject } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/postgresql'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { type KeySet, LONGEST_KEY_AGE_MS } from '../../../platform/key-set.ts'
import type { Logger } from '../../../platform/logging.ts'
import type { SigningPair } from './access-token-signer.ts'
import { isPublished, signerAmong } from './key-table.ts'
import { adoptRootKey, needsRootKey } from './root-key.ts'
import { isOld, rotateOldKeys } from './rotation.ts'
import { SigningKey } from './signing-key.entity.ts'
import type { PublishedKey } from './signing-key.ts'
import { isTokenLifeNoted, noteTokenLife, type TokenLifeOptions } from './token-life.ts'

/** For so long a process may go on signing with a key that was withdrawn. The table has a handful of rows. */
const READ_EVERY_MS = 5_000
const RETRY_MS = 1_000
/** A database that hangs must not keep the keys that are known from those who ask. */
const LONGEST_WAIT_MS = 1_000

/** What a key ring works with. */
export interface KeyRingOptions extends TokenLifeOptions {
  readonly em: EntityManager
  /** A key that has signed for so long is replaced; absent: only by hand. */
  readonly keyLifeSeconds: number | undefined
  readonly logger: Logger
  /** How often the table is read again, so that a rotation in one process reaches all. */
  readonly everyMs?: number
}

/**
 * The signing keys of the database in memory, read every five seconds. While the database is away, the last keys stay in
 * use, but none is published or verified with when it was read more than an hour ago.
 */
export class KeyRing implements AsyncDisposable {
  readonly #options: KeyRingOptions
  readonly #publicKeys = new Map<string, KeyObject>()
  readonly #reported = new Set<string>()
  #keys: readonly SigningKey[] = []
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined
  #triedAt = Number.NEGATIVE_INFINITY
  #readAt = Number.NEGATIVE_INFINITY
  #isStale = false

  private constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /** Reads the keys; on an empty table, and when the root key was changed, the root key becomes the signer. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options)
    await ring.#load()
    ring.#timer = setInterval(() => void ring.#read(), options.everyMs ?? READ_EVERY_MS).unref()
    return ring
  }

  /**
   * The key that signs now.
   *
   * @throws SubgraphUnavailableError when there is none: the root key was changed and changed back while the database
   *   was away.
   */
  signer(): SigningPair {
    const { privateKeys, now } = this.#options
    const key = signerAmong(this.#keys, privateKeys, now())
    const privateKey = key && privateKeys.of(key)
    if (!privateKey) throw new SubgraphUnavailableError('auth')
    return { kid: key.kid, privateKey }
  }

  /**
   * The keys that verifiers need: of the past until what they signed has expired, the present one, and the next.
   *
   * @throws SubgraphUnavailableError when they were read more than an hour ago: some may have been withdrawn since.
   */
  published(): PublishedKey[] {
    if (this.#isTooOld()) throw new SubgraphUnavailableError('auth')
    const at = this.#options.now()
    return this.#keys.filter((key) => isPublished(key, at)).map(({ publicKey }) => publicKey)
  }

  /** The keys for the verifier of this process, which need not ask anybody. */
  keySet(): KeySet {
    return { find: (kid) => this.#find(kid), ready: async () => {} }
  }

  /** Reads the table unless that was done within the last second. Never rejects; waits for a second at most. */
  async refresh(): Promise<void> {
    const mayRead = this.#options.now().getTime() - this.#triedAt >= RETRY_MS
    const reading = mayRead ? this.#read() : this.#reading
    if (reading) await Promise.race([reading, delay(LONGEST_WAIT_MS, undefined, { ref: false })])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#reading
  }

  async #find(kid: string): Promise<KeyObject | undefined> {
    if (this.#isTooOld()) await this.refresh()
    const known = this.#publicKey(kid)
    if (known) return known
    await this.refresh()
    const found = this.#publicKey(kid)
    if (!found && (this.#isStale || this.#reading)) throw new SubgraphUnavailableError('auth')
    return found
  }

  #isTooOld(): boolean {
    return this.#options.now().getTime() - this.#readAt > LONGEST_KEY_AGE_MS
  }

  #publicKey(wanted: string): KeyObject | undefined {
    const published = this.published().find(({ kid }) => kid === wanted)
    if (!published) return undefined
    const key = this.#publicKeys.get(wanted) ?? createPublicKey({ key: published, format: 'jwk' })
    this.#publicKeys.set(wanted, key)
    return key
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAndRotate().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readAndRotate(): Promise<void> {
    const { logger } = this.#options
    try {
      await this.#load()
      if (await this.#rotateOld()) await this.#load()
      if (this.#isStale) logger.info('the signing keys are current again')
      this.#isStale = false
    } catch (error) {
      if (!this.#isStale) logger.warn({ err: error }, 'the signing keys are stale')
      this.#isStale = true
    }
  }

  async #load(): Promise<void> {
    const { em, now } = this.#options
    const startedAt = now().getTime()
    this.#triedAt = startedAt
    const found = await em.fork().findAll(SigningKey)
    this.#keys = await this.#madeReady(found)
    this.#readAt = startedAt
    this.#reportForeign()
  }

  /** Nothing is signed with a key before its row tells how long such tokens are valid: else it could retire too early. */
  async #madeReady(found: readonly SigningKey[]): Promise<readonly SigningKey[]> {
    const { em, privateKeys, now } = this.#options
    const readKeys = () => em.fork().findAll(SigningKey)
    const needsRoot = needsRootKey(found, privateKeys, now())
    if (needsRoot) await adoptRootKey(em, this.#options)
    const keys = needsRoot ? await readKeys() : found
    if (isTokenLifeNoted(keys, this.#options)) return keys
    await noteTokenLife(em, this.#options)
    return readKeys()
  }

  async #rotateOld(): Promise<boolean> {
    const { em, keyLifeSeconds, now, logger } = this.#options
    if (keyLifeSeconds === undefined || !isOld(this.#keys, keyLifeSeconds, now())) return false
    const rotation = await rotateOldKeys(em, { ...this.#options, keyLifeSeconds })
    if (rotation) logger.info({ kid: rotation.kid, signsFrom: rotation.signsFrom }, 'a new signing key was made')
    return true
  }

  /** Of a changed root key operators should know: it also ends all sessions. */
  #reportForeign(): void {
    const { privateKeys, now, logger } = this.#options
    const at = now()
    const foreign = this.#keys.filter((key) => isPublished(key, at) && !privateKeys.of(key)).map(({ kid }) => kid)
    const unknown = foreign.filter((kid) => !this.#reported.has(kid))
    for (const kid of unknown) this.#reported.add(kid)
    if (unknown.length > 0) {
      logger.warn(
        { kids: unknown },
        'keys of another JWT_SIGNING_KEY are published until they retire, and sign no more',
      )
    }
  }
}
