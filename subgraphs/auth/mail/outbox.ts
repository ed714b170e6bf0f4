import { newUuid } from '../../../platform/ids.ts'
import type { Logger } from '../../../platform/logging.ts'
import type { Mail, MailTransport } from './mail-transport.ts'

const MOST_MAILS = 100

/** A mail that was not sent. */
export interface OutboxMail extends Mail {
  /** Tells it from others that say the same. */
  readonly id: string
  readonly writtenAt: Date
}

/** Keeps the newest 100 mails in memory instead of sending them, for developers. */
export class Outbox implements MailTransport {
  readonly #logger: Logger
  readonly #now: () => Date
  /** Where the mails can be read, for the log; known once the server listens. */
  url = ''
  #mails: readonly OutboxMail[] = []

  constructor(options: { logger: Logger; now: () => Date }) {
    this.#logger = options.logger
    this.#now = options.now
  }

  /** Newest first. */
  get mails(): readonly OutboxMail[] {
    return this.#mails
  }

  async send(mail: Mail): Promise<void> {
    this.#mails = [{ ...mail, id: newUuid(), writtenAt: this.#now() }, ...this.#mails].slice(0, MOST_MAILS)
    // Whoever reads the log is not always the mail's reader, so nothing of what it says.
    this.#logger.info({ kind: mail.kind, outbox: this.url }, 'a mail was put into the outbox')
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
