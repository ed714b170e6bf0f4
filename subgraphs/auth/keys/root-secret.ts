import type { KeyObject } from 'node:crypto'

/**
 * The secret that further keys are derived from: the private scalar of the root key (RFC 7518 §6.2.2.1).
 *
 * @param rootKey the P-256 private key of `JWT_SIGNING_KEY`.
 */
export function rootSecret(rootKey: KeyObject): Buffer {
  return Buffer.from(String(rootKey.export({ format: 'jwk' }).d), 'base64url')
}
