import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError, UnauthenticatedError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import type { Authenticated } from '../account/sign-in.service.ts'
import { findUserForUpdate, type User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SessionLifetimes } from '../config.ts'
import { invalidCredentials, requireStillProven } from '../password/proven-password.ts'
import { may } from '../role/policy.ts'
import { type RefreshTokenCodec, refreshTokenDigest } from './refresh-token.ts'
import { Session } from './session.entity.ts'
import type { SessionEnding, SessionSelection } from './session-ending.ts'
import type { IssuedTokens, TokenIssuer } from './token-issuer.ts'

const LONGEST_ADDRESS = 64

/** The most sessions a user has open; one more ends the oldest. */
export const MOST_SESSIONS = 100

/** Opens and ends sessions and knows whose this one is, for one caller in one operation. */
export class SessionService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #lifetimes: SessionLifetimes
  readonly #refreshTokens: RefreshTokenCodec
  readonly #tokens: TokenIssuer
  readonly #ending: SessionEnding
  readonly #audit: AuditLog
  readonly #now: () => Date
  readonly #recognised = new Set<string>()
  #current: Promise<Session> | undefined

  constructor(options: {
    em: EntityManager
    caller: Caller
    config: { readonly sessions: SessionLifetimes }
    refreshTokens: RefreshTokenCodec
    tokens: TokenIssuer
    ending: SessionEnding
    audit: AuditLog
    now: () => Date
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#lifetimes = options.config.sessions
    this.#refreshTokens = options.refreshTokens
    this.#tokens = options.tokens
    this.#ending = options.ending
    this.#audit = options.audit
    this.#now = options.now
  }

  /**
   * Opens a session for a user who has just proved to be one.
   *
   * @throws UserFault INVALID_CREDENTIALS when they were suspended, or their password changed, since they proved it.
   */
  async open({ user: { id }, proven }: Authenticated): Promise<IssuedTokens> {
    const session = await this.#em.fork().transactional(async (em) => {
      const user = await findUserForUpdate(em, id)
      if (user.suspendedAt) throw invalidCredentials()
      await requireStillProven(em, proven, ['input'])
      this.#audit.record(em, { action: 'session.opened', actorId: id, subjectId: id })
      const opened = this.#create(em, user)
      await em.flush()
      await this.#endOldest(em, id)
      return opened
    })
    this.recognise(id)
    return this.#tokens.issue(session, 1)
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
    const open = { user: userId, ...Session.openAt(this.#now()) }
    const [oldest] = await em.find(Session, open, { orderBy: { id: 'desc' }, offset: MOST_SESSIONS, limit: 1 })
    if (!oldest) return
    await this.#ending.end(em, { id: oldest.id }, 'TOO_MANY_SESSIONS')
    const details = 'more sessions than a user may have'
    this.#audit.record(em, { action: 'session.revoked', actorId: null, subjectId: userId, details })
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
    if (!session?.isOpen(this.#now()) || viewer.tokenVersion < session.user.tokenVersion) {
      throw new UnauthenticatedError()
    }
    return session
  }
}

function later(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() + seconds * 1000)
}
