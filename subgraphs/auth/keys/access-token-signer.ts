import { type KeyObject, randomUUID } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { ACCESS_TOKEN_TYPE } from '../../../platform/access-token.ts'
import { encodeId } from '../../../platform/ids.ts'

/** What an access token says of its bearer. Ids are UUIDs. */
export interface AccessTokenSubject {
  readonly userId: string
  readonly sessionId: string
  /** The version of the user's rights that `scope` shows; the claim `ver`. */
  readonly tokenVersion: number
  readonly scope: readonly string[]
}

/** A P-256 private key, and the id under which its public half is published. */
export interface SigningPair {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** Signs access tokens: JWTs with ES256, shaped after RFC 9068. */
export class AccessTokenSigner {
  readonly #keys: { signer(): SigningPair }
  readonly #issuer: string
  readonly #audience: string

  /** @param options.keys is asked for the key at each signature. */
  constructor(options: { keys: { signer(): SigningPair }; issuer: string; audience: string }) {
    this.#keys = options.keys
    this.#issuer = options.issuer
    this.#audience = options.audience
  }

  /** @param expiresAt counts in whole seconds (RFC 7519 §2, NumericDate). */
  sign(subject: AccessTokenSubject, issuedAt: Date, expiresAt: Date): string {
    const claims = {
      iss: this.#issuer,
      aud: this.#audience,
      sub: encodeId('usr', subject.userId),
      sid: encodeId('ses', subject.sessionId),
      ver: subject.tokenVersion,
      scope: subject.scope.join(' '),
      iat: Math.floor(issuedAt.getTime() / 1000),
      exp: Math.floor(expiresAt.getTime() / 1000),
      jti: randomUUID(),
    }
    const { kid, privateKey } = this.#keys.signer()
    return jsonwebtoken.sign(claims, privateKey, {
      algorithm: 'ES256',
      header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid },
    })
  }
}
