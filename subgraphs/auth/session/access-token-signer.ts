import { type KeyObject, randomUUID } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { ACCESS_TOKEN_TYPE } from '../../../platform/access-token.ts'
import { encodeId } from '../../../platform/ids.ts'
import { publish } from './signing-key.ts'

/** What an access token says of its bearer. Ids are UUIDs. */
export interface AccessTokenSubject {
  readonly userId: string
  readonly sessionId: string
  readonly scope: readonly string[]
}

/** Signs access tokens: JWTs with ES256, shaped after RFC 9068. */
export class AccessTokenSigner {
  readonly #key: KeyObject
  readonly #kid: string
  readonly #issuer: string
  readonly #audience: string

  constructor(options: { signingKey: KeyObject; issuer: string; audience: string }) {
    this.#key = options.signingKey
    this.#kid = publish(options.signingKey).kid
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
      scope: subject.scope.join(' '),
      iat: Math.floor(issuedAt.getTime() / 1000),
      exp: Math.floor(expiresAt.getTime() / 1000),
      jti: randomUUID(),
    }
    return jsonwebtoken.sign(claims, this.#key, {
      algorithm: 'ES256',
      header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: this.#kid },
    })
  }
}
