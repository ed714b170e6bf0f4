import type { EntityManager } from '@mikro-orm/postgresql'
import { UnauthenticatedError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { User } from '../account/user.entity.ts'
import type { SessionLifetimes } from '../config.ts'
import { scopeOf } from '../role/role.ts'
import type { AccessTokenSigner } from './access-token-signer.ts'
import { type PresentedRefreshToken, type RefreshTokenCodec, refreshTokenDigest } from './refresh-token.ts'
import { Session, type SessionEnd } from './session.entity.ts'

/** How long a replaced refresh token still gives the same successor, counted from its first use. */
const REUSE_WINDOW_MS = 10_000
const LONGEST_ADDRESS = 64

/** The two tokens of a session. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** When the access token expires. */
  readonly expiresAt: Date
}

/** What sessions of all callers have in common. */
export interface SessionSettings {
  readonly accessTokens: AccessTokenSigner
  readonly refreshTokens: RefreshTokenCodec
  readonly lifetimes: SessionLifetimes
  readonly now: () => Date
  /** Called when a session was ended, so that other processes look at once. */
  readonly onEnded: () => void
}

/** Opens, renews and ends sessions, for one caller in one operation. */
export class SessionService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #settings: SessionSettings
  readonly #signedInHere = new Set<string>()
  #current: Promise<Session> | undefined

  constructor(options: { em: EntityManager; caller: Caller; settings: SessionSettings }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#settings = options.settings
  }

  /** Opens a session for a user who has just proved to be one. */
  async open(user: User): Promise<IssuedTokens> {
    const { refreshTokens, lifetimes, now } = this.#settings
    const openedAt = now()
    const id = newUuid()
    const session: Session = this.#em.create(Session, {
      id,
      user: this.#em.merge(user),
      generation: 1,
      tokenDigest: refreshTokenDigest(refreshTokens.encode(id, 1)),
      rotatedAt: openedAt,
      createdAt: openedAt,
      idleExpiresAt: later(openedAt, lifetimes.idleSeconds),
      expiresAt: later(openedAt, lifetimes.absoluteSeconds),
      userAgent: this.#caller.userAgent,
      address: this.#caller.address?.slice(0, LONGEST_ADDRESS) ?? null,
    })
    await this.#em.flush()
    this.#signedInHere.add(user.id)
    return this.#issue(session, 1)
  }

  /**
   * The next tokens of the session that a refresh token belongs to. However many present the same token at once, the
   * session advances by one and all get the same successor, for ten seconds; after that, and for older tokens, the
   * token must have been stolen and the session ends (RFC 9700 §4.14.2).
   *
   * @throws UserFault INVALID_TOKEN or SESSION_ENDED
   */
  async refresh(text: string): Promise<IssuedTokens> {
    const presented = this.#settings.refreshTokens.parse(text)
    if (!presented) throw invalidToken()
    const isAdvanced = await this.#advance(presented)
    const session = await this.#em.findOne(Session, presented.sessionId, {
      populate: ['user'],
      disableIdentityMap: true,
    })
    if (!session) throw invalidToken()
    if (!isAdvanced) await this.#requireRepetition(presented, session)
    return this.#issue(session, presented.generation + 1)
  }

  /** One conditional statement: of all who present the newest token at once, one advances the session. */
  async #advance({ sessionId, generation, text }: PresentedRefreshToken): Promise<boolean> {
    const { refreshTokens, lifetimes, now } = this.#settings
    const at = now()
    const advanced = await this.#em.nativeUpdate(
      Session,
      {
        id: sessionId,
        generation,
        tokenDigest: refreshTokenDigest(text),
        endedAt: null,
        idleExpiresAt: { $gt: at },
        expiresAt: { $gt: at },
      },
      {
        generation: generation + 1,
        tokenDigest: refreshTokenDigest(refreshTokens.encode(sessionId, generation + 1)),
        rotatedAt: at,
        idleExpiresAt: later(at, lifetimes.idleSeconds),
      },
    )
    return advanced === 1
  }

  /** Lets a token pass that did not advance its session, if it is the one that just did. */
  async #requireRepetition(presented: PresentedRefreshToken, session: Session): Promise<void> {
    const { refreshTokens, now } = this.#settings
    const isNewest = refreshTokenDigest(presented.text).equals(session.tokenDigest)
    if (!isNewest && !refreshTokens.isGenuine(presented)) throw invalidToken()
    if (!session.isLive(now())) throw sessionEnded()
    if (presented.generation >= session.generation) throw invalidToken()
    const isPrevious = presented.generation === session.generation - 1
    if (isPrevious && now().getTime() - session.rotatedAt.getTime() <= REUSE_WINDOW_MS) return
    await this.#end(session.id, 'REFRESH_TOKEN_REUSED')
    throw sessionEnded()
  }

  /**
   * The signed-in user.
   *
   * @throws UnauthenticatedError when nobody is signed in, or the session has ended since the access token was made.
   */
  async viewer(): Promise<User> {
    const session = await this.#currentSession()
    return session.user
  }

  /** Whether the caller is this user, or has signed in as them in this very operation. */
  speaksFor(userId: string): boolean {
    return this.#caller.viewer?.userId === userId || this.#signedInHere.has(userId)
  }

  /** @throws UnauthenticatedError as `viewer` does. */
  async signOut(): Promise<void> {
    const { id } = await this.#currentSession()
    await this.#end(id, 'SIGNED_OUT')
  }

  /** Asked once: who calls does not change within an operation, even when it signs out twice. */
  #currentSession(): Promise<Session> {
    this.#current ??= this.#findCurrentSession()
    return this.#current
  }

  async #findCurrentSession(): Promise<Session> {
    const { viewer } = this.#caller
    if (!viewer) throw new UnauthenticatedError()
    const session = await this.#em.findOne(
      Session,
      { id: viewer.sessionId, user: viewer.userId },
      { populate: ['user'] },
    )
    if (!session?.isLive(this.#settings.now())) throw new UnauthenticatedError()
    return session
  }

  /** Ends a session that has not ended yet; what ended it first stays its reason. */
  async #end(id: string, endReason: SessionEnd): Promise<void> {
    await this.#em.nativeUpdate(Session, { id, endedAt: null }, { endedAt: this.#settings.now(), endReason })
    this.#settings.onEnded()
  }

  /** An access token never outlives its session. */
  #issue(session: Session, generation: number): IssuedTokens {
    const { accessTokens, refreshTokens, lifetimes, now } = this.#settings
    const issuedAt = now()
    const latest = Math.min(
      later(issuedAt, lifetimes.accessTokenSeconds).getTime(),
      session.idleExpiresAt.getTime(),
      session.expiresAt.getTime(),
    )
    const expiresAt = new Date(Math.floor(latest / 1000) * 1000)
    const subject = { userId: session.user.id, sessionId: session.id, scope: scopeOf(session.user.roles) }
    return {
      accessToken: accessTokens.sign(subject, issuedAt, expiresAt),
      refreshToken: refreshTokens.encode(session.id, generation),
      expiresAt,
    }
  }
}

function later(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() + seconds * 1000)
}

function invalidToken(): UserFault {
  return new UserFault('INVALID_TOKEN', 'This is not a refresh token of this server; sign in.', [
    'input',
    'refreshToken',
  ])
}

function sessionEnded(): UserFault {
  return new UserFault('SESSION_ENDED', 'The session has ended; sign in again.', ['input', 'refreshToken'])
}
