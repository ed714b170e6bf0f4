import { LockMode } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { PendingSignUp } from '../account/pending-sign-up.entity.ts'
import { User } from '../account/user.entity.ts'
import type { MailClaim } from './mail-claim.ts'
import { MailJob } from './mail-job.entity.ts'
import type { MailQueue } from './mail-queue.ts'
import { MailTemplates, type NoticeKind } from './mail-templates.ts'
import type { Mail, MailLink } from './mail-transport.ts'
import type { MailedTokenPurpose } from './mailed-token.entity.ts'
import { issueMailedToken, type MailedTokenOwner } from './mailed-token.ts'

const HOUR_MS = 3_600_000
const LIFE_MS: Readonly<Record<MailedTokenPurpose, number>> = { VERIFY_EMAIL: 24 * HOUR_MS, RESET_PASSWORD: HOUR_MS }
const PATH: Readonly<Record<MailedTokenPurpose, string>> = {
  VERIFY_EMAIL: 'verify-email',
  RESET_PASSWORD: 'reset-password',
}

/** Somebody who is to show that an address is theirs: with an account, or with a sign-up that waits. */
type Addressee = Pick<User | PendingSignUp, 'email' | 'emailKey' | 'username'>

/** Decides who gets a mail, and writes it. Asking for a mail tells nobody what this finds out. */
export class MailWriter {
  readonly #publicUrl: string
  readonly #templates: MailTemplates
  readonly #queue: MailQueue
  readonly #now: () => Date

  constructor(options: { publicUrl: string; queue: MailQueue; now: () => Date }) {
    this.#publicUrl = options.publicUrl
    this.#templates = new MailTemplates(options.publicUrl)
    this.#queue = options.queue
    this.#now = options.now
  }

  /**
   * The mail that a job asks for; null when there is nobody to write to, or nothing to say.
   *
   * @param em of a transaction that is committed before the mail is sent: the token in the mail is of it.
   */
  async write(em: EntityManager, { id, kind, emailKey, userId, pendingSignUpId }: MailClaim): Promise<Mail | null> {
    if (kind === 'RESET_PASSWORD') return emailKey === null ? null : this.#reset(em, emailKey, id)
    if (emailKey !== null) return this.#verifyAddress(em, emailKey)
    if (pendingSignUpId !== null) return this.#verifySignUp(em, pendingSignUpId)
    const user = await em.findOne(User, { id: userId })
    if (kind !== 'VERIFY_EMAIL') return user && this.#notice(kind, user)
    return user && !user.emailVerifiedAt ? this.#verification(em, { user: user.id }, user) : null
  }

  /**
   * To whoever waits at an address. Several sign-ups may, and which of them the reader made nobody can know, so each has
   * a mail of its own.
   */
  async #verifyAddress(em: EntityManager, emailKey: string): Promise<Mail | null> {
    const user = await em.findOne(User, { emailKey })
    if (user && !user.emailVerifiedAt) return this.#verification(em, { user: user.id }, user)
    const waiting = { emailKey, expiresAt: { $gt: this.#now() } }
    const signUps = await em.find(PendingSignUp, waiting)
    // A sign-up from before the account was its owner's own, or is over.
    if (user) return signUps.some(({ createdAt }) => createdAt >= user.createdAt) ? this.#accountExists(user) : null
    for (const { id } of signUps) this.#queue.toSignUp(em, id, 'VERIFY_EMAIL')
    return null
  }

  /** Its own token or none: that of another sign-up or account would give the reader what a stranger made. */
  async #verifySignUp(em: EntityManager, id: string): Promise<Mail | null> {
    const signUp = await em.findOne(PendingSignUp, { id, expiresAt: { $gt: this.#now() } })
    const user = signUp && (await em.findOne(User, { emailKey: signUp.emailKey }))
    if (user?.emailVerifiedAt) return this.#accountExists(user)
    return signUp && this.#verification(em, { pendingSignUp: id }, signUp, signUp.expiresAt)
  }

  #accountExists({ email }: User): Mail {
    return { kind: 'VERIFY_EMAIL', to: email, link: null, ...this.#templates.accountExists() }
  }

  async #verification(
    em: EntityManager,
    owner: MailedTokenOwner,
    { email, emailKey, username }: Addressee,
    latest?: Date,
  ): Promise<Mail> {
    const { link, expiresAt } = await this.#link(em, 'VERIFY_EMAIL', { owner, emailKey }, latest)
    return { kind: 'VERIFY_EMAIL', to: email, link, ...this.#templates.verification(link, expiresAt, username) }
  }

  /**
   * The user's row is locked before the job is looked for, so that whoever takes such mails back under a lock of their
   * own misses none.
   */
  async #reset(em: EntityManager, emailKey: string, job: string): Promise<Mail | null> {
    const user = await em.findOne(User, { emailKey }, { lockMode: LockMode.PESSIMISTIC_READ })
    const isWanted = user && !user.suspendedAt && (await em.count(MailJob, { id: job })) > 0
    if (!isWanted) return null
    const { link, expiresAt } = await this.#link(em, 'RESET_PASSWORD', { owner: { user: user.id }, emailKey })
    return { kind: 'RESET_PASSWORD', to: user.email, link, ...this.#templates.passwordReset(link, expiresAt) }
  }

  #notice(kind: NoticeKind, user: User): Mail {
    return { kind, to: user.email, link: null, ...this.#templates.notice(kind) }
  }

  /** @param latest the link is no good after this moment, however long such links live. */
  async #link(
    em: EntityManager,
    purpose: MailedTokenPurpose,
    { owner, emailKey }: { owner: MailedTokenOwner; emailKey: string },
    latest?: Date,
  ): Promise<{ link: MailLink; expiresAt: Date }> {
    const ends = this.#now().getTime() + LIFE_MS[purpose]
    const expiresAt = new Date(Math.min(ends, latest?.getTime() ?? ends))
    const token = await issueMailedToken(em, { purpose, emailKey, owner, expiresAt })
    return { link: { url: `${this.#publicUrl}/${PATH[purpose]}?token=${token}`, token, purpose }, expiresAt }
  }
}
