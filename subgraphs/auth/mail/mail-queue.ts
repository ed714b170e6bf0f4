import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import { MailJob, type MailKind } from './mail-job.entity.ts'
import type { MailedTokenPurpose } from './mailed-token.entity.ts'

/** A mail that could not be sent for so long would surprise its reader. */
const LIFE_MS = 3_600_000

/** Where features leave the mails they want written. */
export class MailQueue {
  readonly #now: () => Date
  readonly #wake: () => void

  /** @param options.wake tells the worker of this process that there is something to do. */
  constructor(options: { now: () => Date; wake: () => void }) {
    this.#now = options.now
    this.#wake = options.wake
  }

  /** A mail to a user: stored by the flush that stores what it tells of. */
  toUser(em: EntityManager, userId: string, kind: MailKind): void {
    em.create(MailJob, { ...this.#job(kind), user: userId })
  }

  /** A mail to an address, if it turns out to be one of ours: the same work, whether or not it is. */
  toAddress(em: EntityManager, emailKey: string, kind: MailedTokenPurpose): void {
    em.create(MailJob, { ...this.#job(kind), emailKey })
  }

  /** A mail about one sign-up, to the address that was given: the same work, whether or not that has an account. */
  toSignUp(em: EntityManager, pendingSignUpId: string, kind: 'VERIFY_EMAIL'): void {
    em.create(MailJob, { ...this.#job(kind), pendingSignUp: pendingSignUpId })
  }

  /** Call it after the commit. Without it the mail is found by the worker's next look. */
  wake(): void {
    this.#wake()
  }

  #job(kind: MailKind) {
    const now = this.#now()
    const expiresAt = new Date(now.getTime() + LIFE_MS)
    const nobody = { emailKey: null, user: null, pendingSignUp: null }
    return { ...nobody, id: newUuid(), kind, attempts: 0, nextAttemptAt: now, expiresAt }
  }
}
