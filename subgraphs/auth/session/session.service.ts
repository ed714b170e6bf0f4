import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError, UnauthenticatedError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { Authenticated } from '../account/sign-in.service.ts'
import { lockUser, type User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SessionLifetimes } from '../config.ts'
import type { AccessTokenSigner } from '../keys/access-token-signer.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import { Password } from '../password/password.entity.ts'
import { may } from '../role/policy.ts'
import { scopeOf } from '../role/role.ts'
import { type PresentedRefreshToken, type RefreshTokenCodec, refreshTokenDigest } from './refresh-token.ts'
import { Session } from './session.entity.ts'
import type { SessionEnding, SessionSelection } from './session-ending.ts'

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

/** The most sessions a user has open; one more ends the oldest. */
export const MOST_SESSIONS = 100

/** Opens, renews and ends sessions, for one caller in one operation. */
export class SessionService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #lifetimes: SessionLifetimes
  readonly #accessTokens: AccessTokenSigner
  readonly #refreshTokens: RefreshTokenCodec
  readonly #ending: SessionEnding
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #now: () => Date
  readonly #recognised = new Set<string>()
  #current: Promise<Session> | undefined

  constructor(options: {
    em: EntityManager
    caller: Caller
    config: { readonly sessions: SessionLifetimes }
    accessTokens: AccessTokenSigner
    refreshTokens: RefreshTokenCodec
    ending: SessionEnding
    audit: AuditLog
    mail: MailQueue
    now: () => Date
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#lifetimes = options.config.sessions
    this.#accessTokens = options.accessTokens
    this.#refreshTokens = options.refreshTokens
    this.#ending = options.ending
    this.#audit = options.audit
    this.#mail = options.mail
    this.#now = options.now
  }

  /**
   * Opens a session for a user who has just proved to be one.
   *
   * @throws UserFault INVALID_CREDENTIALS when they were suspended, or their password changed, since they proved it.
   */
  async open({ user: { id }, passwordHash }: Authenticated): Promise<IssuedTokens> {
    const session = await this.#em.fork().transactional(async (em) => {
      const user = await lockUser(em, id)
      const isCurrent = await em.count(Password, { user: id, hash: passwordHash })
      if (user.suspendedAt || isCurrent === 0) {
        throw new UserFault('INVALID_CREDENTIALS', 'The account was changed meanwhile; sign in again.', ['input'])
      }
      this.#audit.record(em, { action: 'session.opened', actorId: id, subjectId: id })
      const opened = this.#create(em, user)
      await em.flush()
      await this.#endOldest(em, id)
      return opened
    })
    this.recognise(id)
    return this.#issue(session, 1)
  }

  #create(em: EntityManager, user: User): Session {
    const openedAt = this.#now()
    const id = newUuid()
    return em.create(Session, {
      id,
      user,
      generation: 1,
      tokenDigest: refreshTokenDigest(this.#refreshTokens.encode(id, 1)),
      rotatedAt: openedAt,
      createdAt: openedAt,
      idleExpiresAt: later(openedAt, this.#lifetimes.idleSeconds),
      expiresAt: later(openedAt, this.#lifetimes.absoluteSeconds),
      userAgent: this.#caller.userAgent,
      address: this.#caller.address?.slice(0, LONGEST_ADDRESS) ?? null,
    })
  }

  async #endOldest(em: EntityManager, userId: string): Promise<void> {
    const open = { user: userId, endedAt: null, idleExpiresAt: { $gt: this.#now() }, expiresAt: { $gt: this.#now() } }
    const [oldest] = await em.find(Session, open, { orderBy: { id: 'desc' }, offset: MOST_SESSIONS, limit: 1 })
    if (oldest) await this.#ending.end(em, { id: oldest.id }, 'TOO_MANY_SESSIONS')
  }

  /**
   * The next tokens of the session that a refresh token belongs to. However many present the same token at once, the
   * session advances by one and all get the same successor, for ten seconds; after that, and for older tokens, the
   * token must have been stolen and the session ends (RFC 9700 §4.14.2).
   *
   * @throws UserFault INVALID_TOKEN or SESSION_ENDED
   */
  async refresh(text: string): Promise<IssuedTokens> {
    const presented = this.#refreshTokens.parse(text)
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
    const at = this.#now()
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
        tokenDigest: refreshTokenDigest(this.#refreshTokens.encode(sessionId, generation + 1)),
        rotatedAt: at,
        idleExpiresAt: later(at, this.#lifetimes.idleSeconds),
      },
    )
    return advanced === 1
  }

  /** Lets a token pass that did not advance its session, if it is the one that just did. */
  async #requireRepetition(presented: PresentedRefreshToken, session: Session): Promise<void> {
    const isNewest = refreshTokenDigest(presented.text).equals(session.tokenDigest)
    if (!isNewest && !this.#refreshTokens.isGenuine(presented)) throw invalidToken()
    if (!session.isLive(this.#now())) throw sessionEnded()
    if (presented.generation >= session.generation) throw invalidToken()
    const isPrevious = presented.generation === session.generation - 1
    if (isPrevious && this.#now().getTime() - session.rotatedAt.getTime() <= REUSE_WINDOW_MS) return
    await this.#endStolen(session)
    throw sessionEnded()
  }

  /** A token that was replaced long ago is in two hands: nobody can tell whose are the right ones. */
  async #endStolen({ id, user }: Session): Promise<void> {
    await this.#em.fork().transactional(async (em) => {
      if ((await this.#ending.end(em, { id }, 'REFRESH_TOKEN_REUSED')) === 0) return
      this.#audit.record(em, { action: 'session.token_reused', actorId: null, subjectId: user.id })
      this.#mail.toUser(em, user.id, 'TOKEN_REUSED')
    })
    this.#ending.ring()
    this.#mail.wake()
  }

  /**
   * The signed-in user.
   *
   * @throws UnauthenticatedError when nobody is signed in, or the access token was revoked since it was made.
   */
  async viewer(): Promise<User> {
    const session = await this.currentSession()
    return session.user
  }

  /** From now on this operation may show a user their private side: they have just proved who they are. */
  recognise(userId: string): void {
    this.#recognised.add(userId)
  }

  /** Whether the private side of a user may be shown to the caller. */
  async mayBeShownPrivately(userId: string): Promise<boolean> {
    const { viewer } = this.#caller
    if (this.#recognised.has(userId) || viewer?.userId === userId) return true
    // The scope spares those who can have no right the look at their roles; it never gives one.
    if (!viewer?.scope.has('users:read')) return false
    return may(await this.viewer(), 'see the private side of a user', userId)
  }

  /** @throws UnauthenticatedError as `viewer` does. */
  async signOut(): Promise<void> {
    const { id } = await this.currentSession()
    await this.#revoke({ id }, 'SIGNED_OUT')
  }

  /**
   * Ends one of the viewer's open sessions.
   *
   * @throws NotFoundError when it is not one of them.
   */
  async revoke(sessionId: string): Promise<number> {
    const { id: user } = await this.viewer()
    const ended = await this.#revoke({ user, id: sessionId }, 'REVOKED')
    if (ended === 0) throw new NotFoundError('session')
    return ended
  }

  /** Ends the viewer's sessions but this one. */
  async revokeOthers(): Promise<number> {
    const { id, user } = await this.currentSession()
    return this.#revoke({ user: user.id, except: id }, 'REVOKED')
  }

  async #revoke(selection: SessionSelection, reason: 'SIGNED_OUT' | 'REVOKED'): Promise<number> {
    const { id } = await this.viewer()
    const action = 'except' in selection ? 'sessions.revoked' : 'session.revoked'
    const ended = await this.#em.fork().transactional(async (em) => {
      const count = await this.#ending.end(em, selection, reason)
      if (count > 0) this.#audit.record(em, { action, actorId: id, subjectId: id, details: reason.toLowerCase() })
      return count
    })
    this.#ending.ring()
    return ended
  }

  /**
   * The session that the access token belongs to. Asked once: who calls does not change within an operation, even when
   * it signs out twice.
   *
   * @throws UnauthenticatedError as `viewer` does.
   */
  currentSession(): Promise<Session> {
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
    if (!session?.isLive(this.#now()) || viewer.tokenVersion < session.user.tokenVersion) {
      throw new UnauthenticatedError()
    }
    return session
  }

  /** An access token never outlives its session. */
  #issue(session: Session, generation: number): IssuedTokens {
    const issuedAt = this.#now()
    const latest = Math.min(
      later(issuedAt, this.#lifetimes.accessTokenSeconds).getTime(),
      session.idleExpiresAt.getTime(),
      session.expiresAt.getTime(),
    )
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
