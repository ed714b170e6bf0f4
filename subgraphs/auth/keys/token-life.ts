import type { EntityManager } from '@mikro-orm/postgresql'
import { changeKeys, isPublished } from './key-table.ts'
import type { PrivateKeys } from './private-keys.ts'
import type { SigningKey } from './signing-key.entity.ts'

/** A process that signs, and how long what it signs is valid. */
export interface TokenLifeOptions {
  readonly privateKeys: PrivateKeys
  readonly accessTokenSeconds: number
  readonly now: () => Date
}

/** Whether every key that this process may sign with is known to sign tokens that are valid for so long. */
export function isTokenLifeNoted(keys: readonly SigningKey[], options: TokenLifeOptions): boolean {
  return keysToNoteAt(keys, options).length === 0
}

/**
 * Notes with the keys that this process may sign with how long its tokens are valid. Whoever rotates, also with another
 * `JWT_ACCESS_TTL` in the environment, keeps a key for as long. One that was replaced but still signs stays longer.
 */
export async function noteTokenLife(em: EntityManager, options: TokenLifeOptions): Promise<void> {
  await changeKeys(em, (keys) => {
    for (const key of keysToNoteAt(keys, options)) {
      const more = options.accessTokenSeconds - key.tokenSeconds
      key.tokenSeconds = options.accessTokenSeconds
      if (key.retiresAt) key.retiresAt = new Date(key.retiresAt.getTime() + more * 1_000)
    }
  })
}

function keysToNoteAt(
  keys: readonly SigningKey[],
  { privateKeys, accessTokenSeconds, now }: TokenLifeOptions,
): SigningKey[] {
  const at = now()
  const isShort = (key: SigningKey) => key.tokenSeconds < accessTokenSeconds
  return keys.filter((key) => isShort(key) && isPublished(key, at) && privateKeys.of(key))
}
