import type { EntityManager } from '@mikro-orm/postgresql'
import type { AuditLog } from '../audit/audit-log.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import { forgetResetTokens } from '../mail/mailed-token.ts'
import type { NewPasswords } from '../password/new-passwords.ts'
import { Password } from '../password/password.entity.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { requireStillProven } from '../password/proven-password.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import { changeColumns, type ProfileChange, readProfile } from './profile-change.ts'
import type { SignInService } from './sign-in.service.ts'
import { throwAsTaken } from './taken.ts'
import { findUserForUpdate, type User } from './user.entity.ts'

/** What people do with their own accounts. */
export class AccountService {
  readonly #em: EntityManager
  readonly #signIns: SignInService
  readonly #newPasswords: NewPasswords
  readonly #hasher: PasswordHasher
  readonly #ending: SessionEnding
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    signIns: SignInService
    newPasswords: NewPasswords
    hasher: PasswordHasher
    ending: SessionEnding
    audit: AuditLog
    mail: MailQueue
    now: () => Date
  }) {
    this.#em = options.em
    this.#signIns = options.signIns
    this.#newPasswords = options.newPasswords
    this.#hasher = options.hasher
    this.#ending = options.ending
    this.#audit = options.audit
    this.#mail = options.mail
    this.#now = options.now
  }

  /** @throws UserFault BAD_USER_INPUT or USERNAME_TAKEN */
  async updateProfile({ id }: User, change: ProfileChange): Promise<User> {
    const columns = readProfile(change)
    return this.#em
      .fork()
      .transactional(async (em) => {
        const user = await findUserForUpdate(em, id)
        changeColumns(em, this.#audit, { user, columns, actorId: id })
        return user
      })
      .catch(throwAsTaken)
  }

  /**
   * Sets a new password and ends the user's other sessions.
   *
   * @param sessionId the session that goes on.
   * @throws UserFault INVALID_CREDENTIALS or WEAK_PASSWORD
   * @throws RateLimitedError
   */
  async changePassword(user: User, sessionId: string, current: string, next: string): Promise<User> {
    const proven = await this.#signIns.requirePassword(user, current, ['input', 'currentPassword'])
    const password = await this.#newPasswords.accept(next, {
      path: ['input', 'newPassword'],
      personal: [user.email, user.username, user.displayName],
    })
    const hash = await this.#hasher.hash(password)
    const changed = await this.#em.fork().transactional(async (em) => {
      const locked = await findUserForUpdate(em, user.id)
      const { id } = locked
      await requireStillProven(em, proven, ['input', 'currentPassword'])
      await em.nativeUpdate(Password, { user: id }, { hash, changedAt: this.#now() })
      await forgetResetTokens(em, id)
      await this.#ending.end(em, { user: id, except: sessionId }, 'PASSWORD_CHANGED')
      this.#audit.record(em, { action: 'password.changed', actorId: id, subjectId: id })
      this.#mail.toUser(em, id, 'PASSWORD_CHANGED')
      return locked
    })
    this.#ending.ring()
    this.#mail.wake()
    return changed
  }
}
