import type { EntityManager } from '@mikro-orm/postgresql'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { readEmail } from '../account/account-rules.ts'
import type { AuditAction } from '../audit/audit-action.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import type { MailQueue } from './mail-queue.ts'
import type { MailedTokenPurpose } from './mailed-token.entity.ts'

const ACTIONS: Readonly<Record<MailedTokenPurpose, AuditAction>> = {
  VERIFY_EMAIL: 'email.verification_requested',
  RESET_PASSWORD: 'password.reset_requested',
}

/** Takes requests for mails that name an address and nobody: whoever makes them need not be signed in. */
export class MailRequestService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #limits: Pick<AccountLimits, 'mail'>
  readonly #audit: AuditLog
  readonly #mail: MailQueue

  constructor(options: {
    em: EntityManager
    caller: Caller
    limits: Pick<AccountLimits, 'mail'>
    audit: AuditLog
    mail: MailQueue
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#limits = options.limits
    this.#audit = options.audit
    this.#mail = options.mail
  }

  /**
   * Has a mail with a token sent to whoever it is for at an address, if there is somebody. The work and the answer are
   * the same for every address, and so is the entry in the audit log, which names nobody.
   *
   * @throws UserFault BAD_USER_INPUT
   * @throws RateLimitedError
   */
  async request(address: string, purpose: MailedTokenPurpose): Promise<void> {
    const email = readEmail(address)
    await this.#limits.mail(this.#caller.address, email.key)
    const em = this.#em.fork()
    this.#audit.record(em, { action: ACTIONS[purpose], actorId: null, subjectId: null })
    this.#mail.toAddress(em, email.key, purpose)
    await em.flush()
    this.#mail.wake()
  }
}
