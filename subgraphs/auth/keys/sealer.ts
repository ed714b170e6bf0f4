import { createCipheriv, createDecipheriv, createHmac, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { rootSecret } from './root-secret.ts'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** What a derived key is for: one key never does two things. */
export type SealPurpose = 'signing key' | 'totp secret' | 'recovery code'

/**
 * Keeps secrets in the database so that the database alone does not give them away: AES-256-GCM and HMAC-SHA256 under
 * keys derived (HKDF, RFC 5869) from the key that the environment supplies.
 */
export class Sealer {
  readonly #secret: Buffer
  readonly #keys = new Map<SealPurpose, Buffer>()

  /** @param rootKey the P-256 private key of `JWT_SIGNING_KEY`. */
  constructor(rootKey: KeyObject) {
    this.#secret = rootSecret(rootKey)
  }

  /** @param owner what the secret belongs to: it cannot be opened as anybody else's. */
  seal(purpose: SealPurpose, secret: Uint8Array, owner: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key(purpose), nonce).setAAD(Buffer.from(owner))
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws Error when it was sealed under another root key, for another owner, or was tampered with. */
  open(purpose: SealPurpose, sealed: Uint8Array, owner: string): Buffer {
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv(ALGORITHM, this.#key(purpose), bytes.subarray(0, NONCE_BYTES))
    decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  }

  /** A keyed digest, for secrets too short to be safe behind a plain one. */
  digest(purpose: SealPurpose, secret: string, owner: string): Buffer {
    return createHmac('sha256', this.#key(purpose))
      .update(JSON.stringify([owner, secret]))
      .digest()
  }

  #key(purpose: SealPurpose): Buffer {
    const known = this.#keys.get(purpose)
    if (known) return known
    const key = Buffer.from(hkdfSync('sha256', this.#secret, '', `parley ${purpose} v1`, KEY_BYTES))
    this.#keys.set(purpose, key)
    return key
  }
}
