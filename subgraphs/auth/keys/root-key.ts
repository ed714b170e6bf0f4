import type { EntityManager } from '@mikro-orm/postgresql'
import { changeKeys, isPublished, retire, signerAmong } from './key-table.ts'
import type { PrivateKeys } from './private-keys.ts'
import { recordRotation } from './rotation-record.ts'
import { SigningKey } from './signing-key.entity.ts'
import type { TokenLifeOptions } from './token-life.ts'

/**
 * Whether a process with these private parts needs its root key to sign: on an empty table, and when the root key was
 * changed, so that what it can sign with is about to retire.
 */
export function needsRootKey(keys: readonly SigningKey[], privateKeys: PrivateKeys, at: Date): boolean {
  const canGoOn = keys.some((key) => !key.retiresAt && privateKeys.of(key))
  return !canGoOn || !signerAmong(keys, privateKeys, at)
}

/**
 * Makes the root key the one that signs, unless another process has done so by now; the others retire. That the root key
 * was replaced is written into the audit log.
 */
export async function adoptRootKey(em: EntityManager, options: TokenLifeOptions): Promise<void> {
  const { privateKeys, now, accessTokenSeconds } = options
  await changeKeys(em, (keys, inner) => {
    const activeFrom = now()
    if (!needsRootKey(keys, privateKeys, activeFrom)) return
    for (const key of keys) retire(key, activeFrom, accessTokenSeconds)
    const { root } = privateKeys
    const known = keys.find(({ kid }) => kid === root.kid)
    // While replicas are replaced one by one, two root keys take turns at every reading: that is one replacement.
    const isTurn = known !== undefined && isPublished(known, activeFrom)
    if (keys.length > 0 && !isTurn) recordRotation(inner, activeFrom, `The root key was replaced: ${root.kid}`)
    const inForce = { activeFrom, retiresAt: null }
    if (known) Object.assign(known, inForce)
    else {
      const { kid } = root
      const tokenSeconds = accessTokenSeconds
      inner.create(SigningKey, { kid, publicKey: root, sealedPrivateKey: null, tokenSeconds, ...inForce })
    }
  })
}
