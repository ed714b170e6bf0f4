import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { MailRequestService } from '../mail/mail-request.service.ts'
import type { MailedToken } from '../mail/mailed-token.entity.ts'
import { findMailedToken, findTokenOwner, invalidMailedToken, spendMailedToken } from '../mail/mailed-token.ts'
import { addAccount } from './new-account.ts'
import { PendingSignUp } from './pending-sign-up.entity.ts'
import { throwAsTaken } from './taken.ts'
import type { User } from './user.entity.ts'

/** Finds out whether mail to an address reaches the person who gave it. */
export class EmailVerificationService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #limits: Pick<AccountLimits, 'mail' | 'mailedToken'>
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #mailRequests: MailRequestService
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    caller: Caller
    limits: Pick<AccountLimits, 'mail' | 'mailedToken'>
    audit: AuditLog
    mail: MailQueue
    mailRequests: MailRequestService
    now: () => Date
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#limits = options.limits
    this.#audit = options.audit
    this.#mail = options.mail
    this.#mailRequests = options.mailRequests
    this.#now = options.now
  }

  /**
   * Has a mail sent to the signed-in user, unless their address is verified.
   *
   * @throws RateLimitedError
   */
  async requestFor({ id, emailKey }: User): Promise<void> {
    await this.#limits.mail(this.#caller.address, emailKey)
    const em = this.#em.fork()
    this.#audit.record(em, { action: 'email.verification_requested', actorId: id, subjectId: id })
    this.#mail.toUser(em, id, 'VERIFY_EMAIL')
    await em.flush()
    this.#mail.wake()
  }

  /**
   * Has a mail sent to whoever waits for one at an address. The work and the answer are the same for every address.
   *
   * @throws UserFault BAD_USER_INPUT
   * @throws RateLimitedError
   */
  requestAt(address: string): Promise<void> {
    return this.#mailRequests.request(address, 'VERIFY_EMAIL')
  }

  /**
   * Verifies the address that a token was mailed to, and makes the account that waited for it. A token that this fails
   * with stays good.
   *
   * @throws UserFault INVALID_TOKEN; EMAIL_TAKEN or USERNAME_TAKEN when somebody else has it by now
   * @throws RateLimitedError
   */
  async verify(text: string): Promise<User> {
    await this.#limits.mailedToken(this.#caller.address)
    const em = this.#em.fork()
    const token = await findMailedToken(em, { text, purpose: 'VERIFY_EMAIL', now: this.#now() })
    return em.transactional((em) => (token.user ? this.#verifyUser(em, token) : this.#finishSignUp(em, token)))
  }

  async #verifyUser(em: EntityManager, token: MailedToken): Promise<User> {
    const user = await findTokenOwner(em, token, LockMode.PESSIMISTIC_WRITE)
    await spendMailedToken(em, token)
    if (!user.emailVerifiedAt) this.#markVerified(em, user)
    return user
  }

  async #finishSignUp(em: EntityManager, token: MailedToken): Promise<User> {
    const ofAddress = { emailKey: token.emailKey }
    // All of the address, in one order: two that are finished at once would otherwise wait for each other.
    const waiting = await em.find(PendingSignUp, ofAddress, {
      orderBy: { id: 'asc' },
      lockMode: LockMode.PESSIMISTIC_WRITE,
    })
    const pending = waiting.find(({ id }) => id === token.pendingSignUp?.id)
    if (!pending) throw invalidMailedToken()
    await spendMailedToken(em, token)
    const user = await this.#createAccount(em, pending)
    await em.nativeDelete(PendingSignUp, ofAddress)
    return user
  }

  async #createAccount(em: EntityManager, pending: PendingSignUp): Promise<User> {
    const account = {
      email: { text: pending.email, key: pending.emailKey },
      username: { text: pending.username, key: pending.usernameKey },
      displayName: pending.displayName,
      hash: pending.passwordHash,
    }
    const user = addAccount(em, pending.id, account, this.#now())
    this.#audit.record(em, { action: 'user.signed_up', actorId: user.id, subjectId: user.id })
    this.#markVerified(em, user)
    await em.flush().catch(throwAsTaken).catch(throwAsTakenMeanwhile)
    return user
  }

  #markVerified(em: EntityManager, user: User): void {
    user.emailVerifiedAt = this.#now()
    this.#audit.record(em, { action: 'email.verified', actorId: user.id, subjectId: user.id })
  }
}

const TAKEN_MEANWHILE: Readonly<Record<string, string>> = {
  EMAIL_TAKEN: 'This address has an account by now; sign in, or ask for a new password.',
  USERNAME_TAKEN: 'Another account took the username meanwhile; sign up again with another one.',
}

function throwAsTakenMeanwhile(error: unknown): never {
  const message = error instanceof UserFault ? TAKEN_MEANWHILE[error.code] : undefined
  throw error instanceof UserFault && message ? new UserFault(error.code, message, ['input', 'token']) : error
}
