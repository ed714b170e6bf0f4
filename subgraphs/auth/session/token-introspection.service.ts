import type { EntityManager } from '@mikro-orm/postgresql'
import type { AccessTokenVerifier } from '../../../platform/access-token.ts'
import { UnauthenticatedError } from '../../../platform/errors.ts'
import { type Actor, may } from '../role/policy.ts'
import { scopeOf } from '../role/role.ts'
import { type PresentedRefreshToken, type RefreshTokenCodec, refreshTokenDigest } from './refresh-token.ts'
import { Session } from './session.entity.ts'

/** What a token is good for. Ids are UUIDs. */
export interface ActiveToken {
  readonly userId: string
  readonly sessionId: string
  /** As an access token's `scope` claim lists it. */
  readonly scope: readonly string[]
  readonly expiresAt: Date
}

/** Says what tokens are good for (RFC 7662). Looking uses nothing up: it neither renews nor ends a session. */
export class TokenIntrospectionService {
  readonly #em: EntityManager
  readonly #accessTokens: AccessTokenVerifier
  readonly #refreshTokens: RefreshTokenCodec
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    accessTokenVerifier: AccessTokenVerifier
    refreshTokens: RefreshTokenCodec
    now: () => Date
  }) {
    this.#em = options.em
    this.#accessTokens = options.accessTokenVerifier
    this.#refreshTokens = options.refreshTokens
    this.#now = options.now
  }

  /**
   * An access token that is accepted now, or the newest refresh token of an open session. Undefined for every other
   * text, and for tokens that are none of the actor's business: the two are not told apart (RFC 7662 §2.2).
   */
  async introspect(actor: Actor, token: string): Promise<ActiveToken | undefined> {
    const refreshToken = this.#refreshTokens.parse(token)
    const active = refreshToken ? await this.#ofRefreshToken(refreshToken) : await this.#ofAccessToken(token)
    return active && may(actor, 'introspect a token of', active.userId) ? active : undefined
  }

  async #ofRefreshToken({ sessionId, text }: PresentedRefreshToken): Promise<ActiveToken | undefined> {
    const session = await this.#openSession(sessionId)
    if (!session || !refreshTokenDigest(text).equals(session.tokenDigest)) return undefined
    const { user } = session
    return {
      userId: user.id,
      sessionId,
      scope: scopeOf(user.roles),
      expiresAt: session.endsAt(),
    }
  }

  async #ofAccessToken(token: string): Promise<ActiveToken | undefined> {
    const proven = await this.#accessTokens.verify(token).catch((error: unknown) => {
      if (error instanceof UnauthenticatedError) return undefined
      throw error
    })
    if (!proven) return undefined
    const { userId, sessionId, tokenVersion, scope, expiresAt } = proven
    const session = await this.#openSession(sessionId)
    if (session?.user.id !== userId || tokenVersion < session.user.tokenVersion) return undefined
    return { userId, sessionId, scope: [...scope], expiresAt }
  }

  /** As it is in the database now, whatever this operation has read or changed before. */
  async #openSession(id: string): Promise<Session | undefined> {
    const session = await this.#em.findOne(Session, id, { populate: ['user'], disableIdentityMap: true })
    return session?.isOpen(this.#now()) && !session.user.suspendedAt ? session : undefined
  }
}
