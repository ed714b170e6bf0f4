import { getSystemErrorName } from 'node:util'
import { createTransport, type Transporter } from 'nodemailer'
import { parseConnectionUrl } from 'nodemailer/lib/shared'
import { readEmail } from '../account/account-rules.ts'
import { type Mail, MailNotSentError, type MailTransport } from './mail-transport.ts'

/** As many as a worker sends mails at once. */
const MOST_CONNECTIONS = 4
/** The longest silence of the server in each part of a conversation. */
const TIMEOUT_MS = 10_000
const TIMEOUTS = {
  dnsTimeout: TIMEOUT_MS,
  connectionTimeout: TIMEOUT_MS,
  greetingTimeout: TIMEOUT_MS,
  socketTimeout: TIMEOUT_MS,
}

/**
 * Sends mails through an SMTP server, over a few connections that stay open. TLS is the URL's affair: `smtps:` begins
 * with it, `smtp:` goes over to it (STARTTLS) when the server offers it, and `?requireTLS=true` insists.
 */
export class SmtpTransport implements MailTransport {
  readonly #mailer: Transporter
  readonly #from: string

  /** @param options.from the sender, with or without a name: `Parley <parley@example.org>`. */
  constructor(options: { smtpUrl: string; from: string }) {
    this.#from = options.from
    this.#mailer = createTransport({
      ...parseConnectionUrl(options.smtpUrl),
      ...TIMEOUTS,
      pool: true,
      maxConnections: MOST_CONNECTIONS,
      // A mail of ours is text; nothing in it may lead to a file or a URL of this machine.
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  async send({ to, subject, text }: Mail, signal: AbortSignal): Promise<void> {
    const from = this.#from
    // As an object it is not parsed, so an address is never read as several, or as a name.
    const recipient = { name: '', address: readEmail(to).text }
    // RFC 3834 §5: nobody who is away answers.
    const headers = { 'Auto-Submitted': 'auto-generated' }
    await this.#mailer.sendMail({ from, to: recipient, subject, text, headers, signal }).catch(throwAsNotSent)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#mailer.close({ force: true })
  }
}

/** The codes of nodemailer, of the operating system and of the mail server, as far as there are any. */
function throwAsNotSent(error: Error & { code?: unknown; errno?: unknown; responseCode?: unknown }): never {
  const { name, code = name, errno, responseCode } = error
  const systemError = typeof errno === 'number' ? getSystemErrorName(errno) : undefined
  throw new MailNotSentError([code, systemError, responseCode].filter(Boolean).join(' '))
}
