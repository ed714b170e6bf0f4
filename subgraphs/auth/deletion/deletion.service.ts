import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { PendingSignUp } from '../account/pending-sign-up.entity.ts'
import type { SignInService } from '../account/sign-in.service.ts'
import { User } from '../account/user.entity.ts'
import { AuditEvent } from '../audit/audit-event.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { MailJob } from '../mail/mail-job.entity.ts'
import { requireAnotherAdmin } from '../role/last-admin.ts'
import { type Actor, requireRight } from '../role/policy.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import type { DeletionLog } from './deletion-log.ts'

const NO_ORIGIN = { ipAddress: null, userAgent: null }

/** Deletes accounts for good. */
export class DeletionService {
  readonly #em: EntityManager
  readonly #signIns: Pick<SignInService, 'requirePassword'>
  readonly #ending: SessionEnding
  readonly #deletions: DeletionLog
  readonly #audit: AuditLog

  constructor(options: {
    em: EntityManager
    signIns: Pick<SignInService, 'requirePassword'>
    ending: SessionEnding
    deletions: DeletionLog
    audit: AuditLog
  }) {
    this.#em = options.em
    this.#signIns = options.signIns
    this.#ending = options.ending
    this.#deletions = options.deletions
    this.#audit = options.audit
  }

  /**
   * Deletes the viewer's own account.
   *
   * @throws UserFault INVALID_CREDENTIALS or LAST_ADMIN
   * @throws RateLimitedError after too many wrong passwords.
   */
  async deleteAccount(viewer: User, password: string): Promise<void> {
    await this.#signIns.requirePassword(viewer, password, ['input', 'password'])
    await this.#delete(viewer, viewer.id)
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

  /** What is theirs goes with the user's row; what outlives it loses what tells of the person. */
  async #delete(actor: Actor, userId: string): Promise<void> {
    await this.#em.fork().transactional(async (em) => {
      await requireAnotherAdmin(em, { id: userId })
      const user = await em.findOne(User, userId)
      if (!user) throw new NotFoundError('user')
      await this.#ending.end(em, { user: userId }, 'ACCOUNT_DELETED')
      this.#audit.record(em, { action: 'user.deleted', actorId: actor.id, subjectId: userId })
      await em.flush()
      await em.nativeDelete(PendingSignUp, { emailKey: user.emailKey })
      await em.nativeDelete(MailJob, { emailKey: user.emailKey })
      await anonymiseAuditEvents(em, userId)
      await em.nativeDelete(User, { id: userId })
      await this.#deletions.append(em, userId)
    })
    this.#ending.ring()
    this.#deletions.ring()
  }
}

/** The events stay, with bare ids. A request of nobody that was about the user counts as theirs: a failed sign-in, say. */
async function anonymiseAuditEvents(em: EntityManager, userId: string): Promise<void> {
  await em.nativeUpdate(AuditEvent, { actorId: userId }, { ...NO_ORIGIN, details: null })
  await em.nativeUpdate(AuditEvent, { subjectId: userId, actorId: null }, NO_ORIGIN)
  await em.nativeUpdate(AuditEvent, { subjectId: userId }, { details: null })
}
