import type { EntityManager } from '@mikro-orm/postgresql'
import { ConfigurationError } from '../../../platform/environment.ts'
import { BadUserInputError } from '../../../platform/errors.ts'
import { changeKeys, isPublished, newestOf, retire } from './key-table.ts'
import { needsRootKey } from './root-key.ts'
import { recordRotation } from './rotation-record.ts'
import { SigningKey } from './signing-key.entity.ts'
import { makeSigningKey, publish } from './signing-key.ts'
import type { TokenLifeOptions } from './token-life.ts'

/** A key is published so long before it signs: twice as long as caches keep the key set. */
const LEAD_MS = 10 * 60_000
const KEPT_RETIRED_MS = 24 * 3_600_000

/** What a rotation has done. */
export interface KeyRotation {
  /** The new key. */
  readonly kid: string
  readonly signsFrom: Date
  /** The keys that were published before, and when they are withdrawn. */
  readonly replaced: readonly { readonly kid: string; readonly retiresAt: Date }[]
}

/**
 * Makes a new signing key. It is published at once and signs ten minutes later; the key before it is withdrawn when the
 * last token that it signed has expired, by what is noted with it or given here, whichever is longer: nobody notices.
 *
 * @param options.immediately for a key that leaked: the new one signs and all others are withdrawn. Processes that run
 *   see it when they read the table again, within five seconds; what they sign until then is refused. Every older access
 *   token is refused as soon as verifiers read the key set again, about five minutes later at most, or, when they cannot
 *   reach auth, when an hour has passed since they did. Sessions go on.
 * @throws ConfigurationError when the root key is not that of the keys in the database.
 * @throws BadUserInputError when the key of the last rotation does not sign yet.
 */
export function rotateKeys(
  em: EntityManager,
  options: TokenLifeOptions & { readonly immediately?: boolean },
): Promise<KeyRotation> {
  const { privateKeys, now, immediately = false } = options
  return changeKeys(em, (keys, inner) => {
    const at = now()
    if (needsRootKey(keys, privateKeys, at)) throw unknownRootKey()
    const waiting = keys.find(({ activeFrom, retiresAt }) => activeFrom > at && !retiresAt)
    if (waiting && !immediately) throw alreadyRotated(waiting)
    return replaceKeys(inner, keys, { ...options, at, immediately })
  })
}

/**
 * Rotates the keys when the newest has signed for so long; undefined when it has not. However many processes ask at
 * once, one rotates.
 */
export function rotateOldKeys(
  em: EntityManager,
  options: TokenLifeOptions & { readonly keyLifeSeconds: number },
): Promise<KeyRotation | undefined> {
  return changeKeys(em, (keys, inner) => {
    const at = options.now()
    if (!isOld(keys, options.keyLifeSeconds, at)) return undefined
    return replaceKeys(inner, keys, { ...options, at, immediately: false })
  })
}

/** Whether the newest key has signed for so long. */
export function isOld(keys: readonly SigningKey[], keyLifeSeconds: number, at: Date): boolean {
  const newest = newestOf(keys)
  return newest !== undefined && newest.activeFrom.getTime() + keyLifeSeconds * 1_000 <= at.getTime()
}

type Replacement = Omit<TokenLifeOptions, 'now'> & { readonly at: Date; readonly immediately: boolean }

function replaceKeys(em: EntityManager, keys: readonly SigningKey[], replacement: Replacement): KeyRotation {
  const { accessTokenSeconds, at, immediately } = replacement
  const signsFrom = immediately ? at : new Date(at.getTime() + LEAD_MS)
  const before = keys.filter((key) => isPublished(key, at))
  for (const key of before) {
    if (immediately) key.retiresAt = at
    else retire(key, signsFrom, accessTokenSeconds)
  }
  removeLongRetired(em, keys, at)
  const kid = addKey(em, replacement, signsFrom)
  recordRotation(em, at, kid)
  return { kid, signsFrom, replaced: before.map((key) => ({ kid: key.kid, retiresAt: key.retiresAt ?? at })) }
}

function addKey(em: EntityManager, { privateKeys, accessTokenSeconds }: Replacement, activeFrom: Date): string {
  const key = makeSigningKey()
  const publicKey = publish(key)
  const { kid } = publicKey
  em.create(SigningKey, {
    kid,
    publicKey,
    sealedPrivateKey: privateKeys.seal(key, kid),
    activeFrom,
    retiresAt: null,
    tokenSeconds: accessTokenSeconds,
  })
  return kid
}

function removeLongRetired(em: EntityManager, keys: readonly SigningKey[], at: Date): void {
  const longAgo = new Date(at.getTime() - KEPT_RETIRED_MS)
  for (const key of keys) if (!isPublished(key, longAgo)) em.remove(key)
}

function unknownRootKey(): ConfigurationError {
  return new ConfigurationError(
    'JWT_SIGNING_KEY: nothing signs with this key in this database. Start Parley with it once, or set the key and the ' +
      'DATABASE_URL with which it runs.',
  )
}

function alreadyRotated({ kid, activeFrom }: SigningKey): BadUserInputError {
  return new BadUserInputError(
    `The keys were rotated a moment ago: ${kid} signs from ${activeFrom.toISOString()} on. Wait until then, or, if a key ` +
      'leaked, rotate at once with --now.',
  )
}
