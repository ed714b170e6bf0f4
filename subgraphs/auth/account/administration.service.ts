import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import { MailedToken } from '../mail/mailed-token.entity.ts'
import { forgetResetTokens } from '../mail/mailed-token.ts'
import type { NewPasswords } from '../password/new-passwords.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { requireAnotherAdmin } from '../role/last-admin.ts'
import { type Actor, requireRight } from '../role/policy.ts'
import type { Role } from '../role/role.ts'
import { changeRoles } from '../role/role-change.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import { readEmail } from './account-rules.ts'
import { addAccount, checkAccount, type NewAccount } from './new-account.ts'
import { changeColumns, type ProfileChange, readProfile } from './profile-change.ts'
import { throwAsTaken } from './taken.ts'
import { findUserForUpdate, type User } from './user.entity.ts'

const LONGEST_REASON = 500

/** What administrators do with the accounts of others. Each checks the actor's right before it looks for the user. */
export class AdministrationService {
  readonly #em: EntityManager
  readonly #newPasswords: NewPasswords
  readonly #hasher: PasswordHasher
  readonly #ending: SessionEnding
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    newPasswords: NewPasswords
    hasher: PasswordHasher
    ending: SessionEnding
    audit: AuditLog
    mail: MailQueue
    now: () => Date
  }) {
    this.#em = options.em
    this.#newPasswords = options.newPasswords
    this.#hasher = options.hasher
    this.#ending = options.ending
    this.#audit = options.audit
    this.#mail = options.mail
    this.#now = options.now
  }

  /**
   * Makes an account, whose address its owner has yet to verify.
   *
   * @param input.roles MEMBER when not given; other ones take the right to give roles.
   * @throws UserFault BAD_USER_INPUT, WEAK_PASSWORD, EMAIL_TAKEN or USERNAME_TAKEN
   * @throws ForbiddenError, and RateLimitedError while too many passwords are being hashed.
   */
  async createUser(actor: Actor, input: NewAccount & { readonly roles?: readonly Role[] | null }): Promise<User> {
    requireRight(actor, 'create a user')
    const roles = readRoles(input.roles ?? ['MEMBER'])
    if (roles.some((role) => role !== 'MEMBER')) requireRight(actor, 'give roles')
    const account = await checkAccount({ newPasswords: this.#newPasswords, hasher: this.#hasher }, input)
    const em = this.#em.fork()
    const user = addAccount(em, newUuid(), account, this.#now())
    user.roles = roles
    const details = `roles: ${roles.join(', ')}`
    this.#audit.record(em, { action: 'user.created', actorId: actor.id, subjectId: user.id, details })
    this.#mail.toUser(em, user.id, 'VERIFY_EMAIL')
    await em.flush().catch(throwAsTaken)
    this.#mail.wake()
    return user
  }

  /**
   * Changes what is given. A new address is not verified, and nothing that was mailed to the old one is good any more.
   *
   * @throws UserFault BAD_USER_INPUT, EMAIL_TAKEN or USERNAME_TAKEN
   * @throws ForbiddenError, NotFoundError
   */
  async updateUser(
    actor: Actor,
    userId: string,
    change: ProfileChange & { readonly email?: string | null | undefined },
  ): Promise<User> {
    requireRight(actor, 'change a user', userId)
    const email = change.email == null ? undefined : readEmail(change.email)
    const columns = { ...readProfile(change), ...(email && { email: email.text, emailKey: email.key }) }
    const user = await this.#withUser(userId, async (em, user) => {
      const changed = changeColumns(em, this.#audit, { user, columns, actorId: actor.id })
      if (changed.includes('email')) await this.#forgetAddress(em, user)
      return user
    }).catch(throwAsTaken)
    this.#mail.wake()
    return user
  }

  async #forgetAddress(em: EntityManager, user: User): Promise<void> {
    user.emailVerifiedAt = null
    await em.nativeDelete(MailedToken, { user: user.id })
    this.#mail.toUser(em, user.id, 'VERIFY_EMAIL')
  }

  /**
   * Gives somebody exactly these roles.
   *
   * @throws UserFault BAD_USER_INPUT or LAST_ADMIN
   * @throws ForbiddenError, NotFoundError
   */
  async setUserRoles(actor: Actor, userId: string, wanted: readonly Role[]): Promise<User> {
    requireRight(actor, 'give roles', userId)
    const roles = readRoles(wanted)
    const changing = { ending: this.#ending, audit: this.#audit }
    const user = await this.#em.fork().transactional(async (em) => {
      if (!roles.includes('ADMIN')) await requireAnotherAdmin(em, { id: userId })
      const user = await findUserForUpdate(em, userId, noSuchUser)
      changeRoles(em, changing, { user, roles, actorId: actor.id })
      return user
    })
    this.#ending.ring()
    return user
  }

  /**
   * Keeps somebody out: ends their sessions, and lets them open none. Does nothing to somebody who is kept out already.
   *
   * @param reason for the audit log; at most 500 characters.
   * @throws UserFault BAD_USER_INPUT or LAST_ADMIN
   * @throws ForbiddenError, NotFoundError
   */
  async suspendUser(actor: Actor, userId: string, reason: string | null | undefined): Promise<User> {
    requireRight(actor, 'suspend or restore a user', userId)
    const details = readReason(reason)
    const user = await this.#em.fork().transactional(async (em) => {
      await requireAnotherAdmin(em, { id: userId })
      const user = await findUserForUpdate(em, userId, noSuchUser)
      if (user.suspendedAt) return user
      user.suspendedAt = this.#now()
      await forgetResetTokens(em, userId)
      await this.#ending.end(em, { user: userId }, 'SUSPENDED')
      const entry = { action: 'user.suspended', actorId: actor.id, subjectId: userId } as const
      this.#audit.record(em, { ...entry, ...(details && { details }) })
      return user
    })
    this.#ending.ring()
    return user
  }

  /**
   * Lets somebody in again. Does nothing to somebody who is not kept out.
   *
   * @throws ForbiddenError, NotFoundError
   */
  async restoreUser(actor: Actor, userId: string): Promise<User> {
    requireRight(actor, 'suspend or restore a user', userId)
    return this.#withUser(userId, (em, user) => {
      if (!user.suspendedAt) return user
      user.suspendedAt = null
      this.#audit.record(em, { action: 'user.restored', actorId: actor.id, subjectId: userId })
      return user
    })
  }

  /**
   * Ends all sessions of somebody.
   *
   * @returns how many were ended.
   * @throws ForbiddenError, NotFoundError
   */
  async revokeUserSessions(actor: Actor, userId: string): Promise<number> {
    requireRight(actor, "end a user's sessions", userId)
    const ended = await this.#withUser(userId, async (em) => {
      const count = await this.#ending.end(em, { user: userId }, 'REVOKED')
      const entry = { action: 'sessions.revoked', actorId: actor.id, subjectId: userId } as const
      if (count > 0) this.#audit.record(em, { ...entry, details: 'revoked' })
      return count
    })
    this.#ending.ring()
    return ended
  }

  /** Changes a user in a transaction of its own, apart from what this operation has read: a refused change leaves nothing. */
  #withUser<Result>(
    userId: string,
    work: (em: EntityManager, user: User) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#em.fork().transactional(async (em) => work(em, await findUserForUpdate(em, userId, noSuchUser)))
  }
}

function noSuchUser(): NotFoundError {
  return new NotFoundError('user')
}

/** @throws UserFault BAD_USER_INPUT */
function readRoles(roles: readonly Role[]): Role[] {
  if (roles.length > 0) return [...new Set(roles)]
  throw new UserFault('BAD_USER_INPUT', 'Name at least one role.', ['input', 'roles'])
}

/** @throws UserFault BAD_USER_INPUT */
function readReason(reason: string | null | undefined): string {
  const text = reason ?? ''
  const isFit = text.length <= 2 * LONGEST_REASON && [...text].length <= LONGEST_REASON && !/[\0\p{Cs}]/u.test(text)
  if (isFit) return text
  throw new UserFault('BAD_USER_INPUT', `A reason has at most ${LONGEST_REASON} characters.`, ['input', 'reason'])
}
