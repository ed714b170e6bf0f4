import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'

const PEM = /-----BEGIN PRIVATE KEY-----/
const P256 = 'prime256v1'

/** Reads a P-256 private key from its PKCS#8 PEM, or from that PEM in base64; undefined when the text is neither. */
export function readSigningKey(text: string): KeyObject | undefined {
  const pem = PEM.test(text) ? text : Buffer.from(text, 'base64').toString()
  if (!PEM.test(pem)) return undefined
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyDetails?.namedCurve === P256 ? key : undefined
  } catch {
    return undefined
  }
}

/** A new P-256 private key. */
export function makeSigningKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: P256 }).privateKey
}

/** The public half of a signing key, as JWKS publishes it. */
export interface PublishedKey extends JsonWebKey {
  /** The key's thumbprint: the same key has the same id on every replica, with no register to keep. */
  readonly kid: string
  readonly use: 'sig'
  readonly alg: 'ES256'
}

/** The public half of a P-256 signing key as a JWK (RFC 7517, RFC 7518 §6.2). */
export function publish(signingKey: KeyObject): PublishedKey {
  const { kty, crv, x, y } = createPublicKey(signingKey).export({ format: 'jwk' })
  return { kty, crv, x, y, kid: thumbprint({ crv, kty, x, y }), use: 'sig', alg: 'ES256' } as PublishedKey
}

/** RFC 7638 §3: the digest of the required members alone, in lexicographic order and without white space. */
function thumbprint(members: { crv: unknown; kty: unknown; x: unknown; y: unknown }): string {
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url')
}
