import { createPrivateKey, type KeyObject } from 'node:crypto'
import { Sealer } from './sealer.ts'
import type { SigningKey } from './signing-key.entity.ts'
import { publish } from './signing-key.ts'

/** The private parts that a process can have: of the root key, and of those that are sealed under it. */
export class PrivateKeys {
  /** The public half of the key that the environment supplies. */
  readonly root: ReturnType<typeof publish>
  readonly #sealer: Sealer
  readonly #opened: Map<string, KeyObject>

  /** @param rootKey the P-256 private key of `JWT_SIGNING_KEY`. */
  constructor(rootKey: KeyObject) {
    this.root = publish(rootKey)
    this.#sealer = new Sealer(rootKey)
    this.#opened = new Map([[this.root.kid, rootKey]])
  }

  /** Undefined for a key that came with another root key. */
  of({ kid, sealedPrivateKey }: Pick<SigningKey, 'kid' | 'sealedPrivateKey'>): KeyObject | undefined {
    const known = this.#opened.get(kid)
    if (known || !sealedPrivateKey) return known
    const key = this.#open(sealedPrivateKey, kid)
    if (key) this.#opened.set(kid, key)
    return key
  }

  /** The form in which the database keeps a key's private part. */
  seal(key: KeyObject, kid: string): Buffer {
    return this.#sealer.seal('signing key', key.export({ format: 'der', type: 'pkcs8' }), kid)
  }

  #open(sealed: Uint8Array, kid: string): KeyObject | undefined {
    try {
      return createPrivateKey({ key: this.#sealer.open('signing key', sealed, kid), format: 'der', type: 'pkcs8' })
    } catch {
      return undefined
    }
  }
}
