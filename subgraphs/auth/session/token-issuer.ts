import type { AccessTokenSigner } from '../keys/access-token-signer.ts'
import { scopeOf } from '../role/role.ts'
import type { RefreshTokenCodec } from './refresh-token.ts'
import type { Session } from './session.entity.ts'

/** The two tokens of a session. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** When the access token expires. */
  readonly expiresAt: Date
}

/** Makes the tokens of sessions. */
export class TokenIssuer {
  readonly #accessTokens: AccessTokenSigner
  readonly #refreshTokens: RefreshTokenCodec
  readonly #accessTokenSeconds: number
  readonly #now: () => Date

  constructor(options: {
    accessTokens: AccessTokenSigner
    refreshTokens: RefreshTokenCodec
    accessTokenSeconds: number
    now: () => Date
  }) {
    this.#accessTokens = options.accessTokens
    this.#refreshTokens = options.refreshTokens
    this.#accessTokenSeconds = options.accessTokenSeconds
    this.#now = options.now
  }

  /**
   * The tokens of one generation. An access token never outlives its session.
   *
   * @param session with its user as the database has them now: the roles go into the token.
   */
  issue(session: Session, generation: number): IssuedTokens {
    const issuedAt = this.#now()
    const latest = Math.min(issuedAt.getTime() + this.#accessTokenSeconds * 1000, session.endsAt().getTime())
    const expiresAt = new Date(Math.floor(latest / 1000) * 1000)
    const { id: userId, roles, tokenVersion } = session.user
    const subject = { userId, sessionId: session.id, scope: scopeOf(roles), tokenVersion }
    return {
      accessToken: this.#accessTokens.sign(subject, issuedAt, expiresAt),
      refreshToken: this.#refreshTokens.encode(session.id, generation),
      expiresAt,
    }
  }
}
