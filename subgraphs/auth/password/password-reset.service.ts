import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import type { User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { MailRequestService } from '../mail/mail-request.service.ts'
import type { MailedToken } from '../mail/mailed-token.entity.ts'
import {
  findMailedToken,
  findTokenOwner,
  forgetResetTokens,
  invalidMailedToken,
  spendMailedToken,
} from '../mail/mailed-token.ts'
import type { SecondFactorService } from '../mfa/second-factor.service.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import type { NewPasswords } from './new-passwords.ts'
import { Password } from './password.entity.ts'
import type { PasswordHasher } from './password-hasher.ts'

const PURPOSE = 'RESET_PASSWORD'

/** What a person who followed the link of a mail filled in. */
export interface PasswordReset {
  readonly token: string
  readonly newPassword: string
  readonly totpCode?: string | null | undefined
}

/** Lets people who forgot their password choose a new one. */
export class PasswordResetService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #limits: Pick<AccountLimits, 'mailedToken'>
  readonly #newPasswords: NewPasswords
  readonly #hasher: PasswordHasher
  readonly #secondFactor: SecondFactorService
  readonly #ending: SessionEnding
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #mailRequests: MailRequestService
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    caller: Caller
    limits: Pick<AccountLimits, 'mailedToken'>
    newPasswords: NewPasswords
    hasher: PasswordHasher
    secondFactor: SecondFactorService
    ending: SessionEnding
    audit: AuditLog
    mail: MailQueue
    mailRequests: MailRequestService
    now: () => Date
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#limits = options.limits
    this.#newPasswords = options.newPasswords
    this.#hasher = options.hasher
    this.#secondFactor = options.secondFactor
    this.#ending = options.ending
    this.#audit = options.audit
    this.#mail = options.mail
    this.#mailRequests = options.mailRequests
    this.#now = options.now
  }

  /**
   * Has a mail sent to the owner of an address, if there is one. The work and the answer are the same for every address,
   * the entry in the audit log too: whose account it was about, the entry of the reset tells.
   *
   * @throws UserFault BAD_USER_INPUT
   * @throws RateLimitedError
   */
  request(address: string): Promise<void> {
    return this.#mailRequests.request(address, PURPOSE)
  }

  /**
   * Sets a new password and ends all sessions of the account. A token that this fails with stays good.
   *
   * @throws UserFault INVALID_TOKEN, WEAK_PASSWORD, TOTP_REQUIRED or INVALID_CODE
   * @throws RateLimitedError
   */
  async reset({ token: text, newPassword, totpCode }: PasswordReset): Promise<User> {
    await this.#limits.mailedToken(this.#caller.address)
    const em = this.#em.fork()
    const token = await findMailedToken(em, { text, purpose: PURPOSE, now: this.#now() })
    const owner = await this.#ownerOf(em, token)
    const password = await this.#newPasswords.accept(newPassword, {
      path: ['input', 'newPassword'],
      personal: [owner.email, owner.username, owner.displayName],
    })
    await this.#secondFactor.require(owner, totpCode, ['input', 'totpCode'])
    const hash = await this.#hasher.hash(password)
    const user = await em.transactional((em) => this.#change(em, token, hash))
    this.#ending.ring()
    this.#mail.wake()
    return user
  }

  async #change(em: EntityManager, token: MailedToken, hash: string): Promise<User> {
    const user = await this.#ownerOf(em, token, LockMode.PESSIMISTIC_WRITE)
    const { id } = user
    await spendMailedToken(em, token)
    await forgetResetTokens(em, id)
    await em.nativeUpdate(Password, { user: id }, { hash, changedAt: this.#now() })
    await this.#ending.end(em, { user: id }, 'PASSWORD_RESET')
    if (!user.emailVerifiedAt) {
      user.emailVerifiedAt = this.#now()
      this.#audit.record(em, { action: 'email.verified', actorId: id, subjectId: id })
    }
    this.#audit.record(em, { action: 'password.reset', actorId: id, subjectId: id })
    this.#mail.toUser(em, id, 'PASSWORD_CHANGED')
    return user
  }

  async #ownerOf(em: EntityManager, token: MailedToken, lockMode?: LockMode): Promise<User> {
    const user = await findTokenOwner(em, token, lockMode)
    if (user.suspendedAt) throw invalidMailedToken()
    return user
  }
}
