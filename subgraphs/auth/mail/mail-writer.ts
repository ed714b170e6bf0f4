import type { EntityManager } from '@mikro-orm/postgresql'
import { PendingSignUp } from '../account/pending-sign-up.entity.ts'
import { User } from '../account/user.entity.ts'
import type { MailClaim } from './mail-claim.ts'
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

/** Where a link with a token goes, and what it is for. */
interface Addressee {
  readonly owner: MailedTokenOwner
  readonly email: string
  readonly emailKey: string
}

/** Decides who gets a mail, and writes it. Asking for a mail tells nobody what this finds out. */
export class MailWriter {
  readonly #publicUrl: string
  readonly #templates: MailTemplates
  readonly #now: () => Date

  constructor(options: { publicUrl: string; now: () => Date }) {
    this.#publicUrl = options.publicUrl
    this.#templates = new MailTemplates(options.publicUrl)
    this.#now = options.now
  }

  /**
   * The mail that a job asks for; null when there is nobody to write to, or nothing to say.
   *
   * @param em of a transaction that is committed before the mail is sent: the token in the mail is of it.
   */
  async write(em: EntityManager, { kind, emailKey, userId }: MailClaim): Promise<Mail | null> {
    const user = await em.findOne(User, userId === null ? { emailKey } : { id: userId })
    if (kind === 'RESET_PASSWORD') return user && !user.suspendedAt && emailKey !== null ? this.#reset(em, user) : null
    if (kind !== 'VERIFY_EMAIL') return user && this.#notice(kind, user)
    if (user && !user.emailVerifiedAt) return this.#verification(em, addresseeOf(user))
    const pending = emailKey === null ? null : await this.#newestSignUp(em, emailKey)
    if (!pending) return null
    if (!user) return this.#verification(em, { ...pending, owner: { pendingSignUp: pending.id } }, pending.expiresAt)
    return pending.createdAt > user.createdAt
      ? { kind, to: user.email, link: null, ...this.#templates.accountExists() }
      : null
  }

  #newestSignUp(em: EntityManager, emailKey: string): Promise<PendingSignUp | null> {
    const waiting = { emailKey, expiresAt: { $gt: this.#now() } }
    return em.findOne(PendingSignUp, waiting, { orderBy: { createdAt: 'desc', id: 'desc' } })
  }

  async #verification(em: EntityManager, addressee: Addressee, latest?: Date): Promise<Mail> {
    const { link, expiresAt } = await this.#link(em, 'VERIFY_EMAIL', addressee, latest)
    return { kind: 'VERIFY_EMAIL', to: addressee.email, link, ...this.#templates.verification(link, expiresAt) }
  }

  async #reset(em: EntityManager, user: User): Promise<Mail> {
    const { link, expiresAt } = await this.#link(em, 'RESET_PASSWORD', addresseeOf(user))
    return { kind: 'RESET_PASSWORD', to: user.email, link, ...this.#templates.passwordReset(link, expiresAt) }
  }

  #notice(kind: NoticeKind, user: User): Mail {
    return { kind, to: user.email, link: null, ...this.#templates.notice(kind) }
  }

  /** @param latest the link is no good after this moment, however long such links live. */
  async #link(
    em: EntityManager,
    purpose: MailedTokenPurpose,
    { owner, emailKey }: Addressee,
    latest?: Date,
  ): Promise<{ link: MailLink; expiresAt: Date }> {
    const ends = this.#now().getTime() + LIFE_MS[purpose]
    const expiresAt = new Date(Math.min(ends, latest?.getTime() ?? ends))
    const token = await issueMailedToken(em, { purpose, emailKey, owner, expiresAt })
    return { link: { url: `${this.#publicUrl}/${PATH[purpose]}?token=${token}`, token, purpose }, expiresAt }
  }
}

function addresseeOf({ id, email, emailKey }: User): Addressee {
  return { owner: { user: id }, email, emailKey }
}
