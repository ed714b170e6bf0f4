import type { EntityManager } from '@mikro-orm/postgresql'
import { CLOCK_SKEW_SECONDS } from '../../../platform/access-token.ts'
import type { PrivateKeys } from './private-keys.ts'
import { SigningKey } from './signing-key.entity.ts'

/**
 * Changes the table of signing keys in a transaction of its own. Whoever else wants to change it waits: what `work` is
 * given is what there is until the commit.
 */
export function changeKeys<Result>(
  em: EntityManager,
  work: (keys: SigningKey[], em: EntityManager) => Result,
): Promise<Result> {
  return em.fork().transactional(async (inner) => {
    await inner.execute(`SELECT pg_advisory_xact_lock(hashtextextended('parley.signing-keys', 0))`)
    return work(await inner.findAll(SigningKey), inner)
  })
}

/** Whether JWKS shows it at this moment. */
export function isPublished({ retiresAt }: Pick<SigningKey, 'retiresAt'>, at: Date): boolean {
  return !retiresAt || retiresAt > at
}

/** The key to sign with at this moment: of those whose private part can be had, the newest that is in force. */
export function signerAmong<Key extends SigningKey>(
  keys: readonly Key[],
  privateKeys: PrivateKeys,
  at: Date,
): Key | undefined {
  const inForce = keys.filter((key) => key.activeFrom <= at && isPublished(key, at) && privateKeys.of(key))
  return newestOf(inForce)
}

/** The key that signs after all the others; of two that begin at once, all processes take the same. */
export function newestOf<Key extends SigningKey>(keys: readonly Key[]): Key | undefined {
  return keys.toSorted((a, b) => b.activeFrom.getTime() - a.activeFrom.getTime() || (a.kid < b.kid ? -1 : 1))[0]
}

/**
 * Lets a key retire when nothing can be valid any more that it signed until it was replaced, unless that is settled.
 *
 * @param accessTokenSeconds the life of its tokens as far as is known here; what is noted with the key counts if it is
 *   longer.
 */
export function retire(key: SigningKey, replacedAt: Date, accessTokenSeconds: number): void {
  if (key.retiresAt) return
  key.tokenSeconds = Math.max(key.tokenSeconds, accessTokenSeconds)
  key.retiresAt = new Date(replacedAt.getTime() + (key.tokenSeconds + CLOCK_SKEW_SECONDS) * 1_000)
}
