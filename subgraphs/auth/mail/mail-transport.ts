import type { MailKind } from './mail-job.entity.ts'
import type { MailedTokenPurpose } from './mailed-token.entity.ts'

/** A link that proves to whoever follows it that a mail reached them. */
export interface MailLink {
  readonly url: string
  /** What the link ends with. */
  readonly token: string
  readonly purpose: MailedTokenPurpose
}

/** A mail as it goes out. */
export interface Mail {
  readonly kind: MailKind
  /** One address, without a name. */
  readonly to: string
  readonly subject: string
  /** Plain text; lines end with a line feed. */
  readonly text: string
  /** The link in the text; null when there is none with a token. */
  readonly link: MailLink | null
}

/** What carries mails away. */
export interface MailTransport extends AsyncDisposable {
  /**
   * Sends one mail.
   *
   * @param signal gives the mail up; whether it arrives all the same is then not known.
   * @throws MailNotSentError
   */
  send(mail: Mail, signal: AbortSignal): Promise<void>
}

/** A mail was not taken. What the mail server said is left out, because it may repeat the address. */
export class MailNotSentError extends Error {
  override readonly name = 'MailNotSentError'
  /** For the log: nodemailer's code, and the server's where it answered, such as `EENVELOPE 550`. */
  readonly reason: string

  constructor(reason: string) {
    super(`The mail was not sent (${reason}).`)
    this.reason = reason
  }
}
