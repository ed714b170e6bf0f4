import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { PendingSignUp } from '../account/pending-sign-up.entity.ts'
import type { SignInService } from '../account/sign-in.service.ts'
import { User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { MailJob } from '../mail/mail-job.entity.ts'
import { requireStillProven } from '../password/proven-password.ts'
import { requireAnotherAdmin } from '../role/last-admin.ts'
import { type Actor, requireRight } from '../role/policy.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import type { AuditAnonymisation } from './audit-anonymisation.ts'
import type { DeletionLog } from './deletion-log.ts'

/** Deletes accounts for good. */
export class DeletionService {
  readonly #em: EntityManager
  readonly #signIns: Pick<SignInService, 'requirePassword'>
  readonly #ending: SessionEnding
  readonly #deletions: DeletionLog
  readonly #audit: AuditLog
  readonly #anonymisation: Pick<AuditAnonymisation, 'wake'>

  constructor(options: {
    em: EntityManager
    signIns: Pick<SignInService, 'requirePassword'>
    ending: SessionEnding
    deletions: DeletionLog
    audit: AuditLog
    anonymisation: Pick<AuditAnonymisation, 'wake'>
  }) {
    this.#em = options.em
    this.#signIns = options.signIns
    this.#ending = options.ending
    this.#deletions = options.deletions
    this.#audit = options.audit
    this.#anonymisation = options.anonymisation
  }

  /**
   * Deletes the viewer's own account.
   *
   * @throws UserFault INVALID_CREDENTIALS or LAST_ADMIN
   * @throws RateLimitedError after too many wrong passwords.
   */
  async deleteAccount(viewer: User, password: string): Promise<void> {
    const path = ['input', 'password']
    const proven = await this.#signIns.requirePassword(viewer, password, path)
    await this.#delete(viewer, viewer.id, (em) => requireStillProven(em, proven, path))
  }

  /**
   * Deletes somebody's account.
   *
   * @throws UserFault LAST_ADMIN
   * @throws ForbiddenError, NotFoundError
   */
  async deleteUser(actor: Actor, userId: string): Promise<void> {
    requireRight(actor, 'delete a user', userId)
    await this.#delete(actor, userId)
  }

  /** What is theirs goes with the user's row. Their audit events outlive it, and are anonymised after the commit. */
  async #delete(
    actor: Actor,
    userId: string,
    requireUnchanged: (em: EntityManager) => Promise<void> = async () => {},
  ): Promise<void> {
    await this.#em.fork().transactional(async (em) => {
      await requireAnotherAdmin(em, { id: userId })
      const user = await em.findOne(User, userId)
      if (!user) throw new NotFoundError('user')
      await requireUnchanged(em)
      await this.#ending.end(em, { user: userId }, 'ACCOUNT_DELETED')
      this.#audit.record(em, { action: 'user.deleted', actorId: actor.id, subjectId: userId })
      await em.flush()
      await em.nativeDelete(PendingSignUp, { emailKey: user.emailKey })
      await em.nativeDelete(MailJob, { emailKey: user.emailKey })
      await em.nativeDelete(User, { id: userId })
      await this.#deletions.append(em, userId)
    })
    this.#ending.ring()
    this.#deletions.ring()
    this.#anonymisation.wake()
  }
}
