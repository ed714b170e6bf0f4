import type { EntityManager } from '@mikro-orm/postgresql'
import { changeKeys, retirementAfter, signerAmong } from './key-table.ts'
import type { PrivateKeys } from './private-keys.ts'
import { SigningKey } from './signing-key.entity.ts'

/**
 * Whether a process with these private parts needs its root key to sign: on an empty table, and when the root key was
 * changed, so that what it can sign with is about to retire.
 */
export function needsRootKey(keys: readonly SigningKey[], privateKeys: PrivateKeys, at: Date): boolean {
  const canGoOn = keys.some((key) => !key.retiresAt && privateKeys.of(key))
  return !canGoOn || !signerAmong(keys, privateKeys, at)
}

/** Makes the root key the one that signs, unless another process has done so by now; the others retire. */
export async function adoptRootKey(
  em: EntityManager,
  options: { privateKeys: PrivateKeys; now: () => Date; accessTokenSeconds: number },
): Promise<void> {
  const { privateKeys, now, accessTokenSeconds } = options
  await changeKeys(em, (keys, inner) => {
    const activeFrom = now()
    if (!needsRootKey(keys, privateKeys, activeFrom)) return
    for (const key of keys) key.retiresAt ??= retirementAfter(activeFrom, accessTokenSeconds)
    const { root } = privateKeys
    const known = keys.find(({ kid }) => kid === root.kid)
    if (known) Object.assign(known, { activeFrom, retiresAt: null })
    else
      inner.create(SigningKey, { kid: root.kid, publicKey: root, activeFrom, retiresAt: null, sealedPrivateKey: null })
  })
}
