import type { Logger } from '../../../platform/logging.ts'
import type { Mail, MailTransport } from './mail-transport.ts'

/** Takes mails where there is neither a mail server nor anybody who may read them. */
export class DiscardingTransport implements MailTransport {
  readonly #logger: Logger

  constructor(options: { logger: Logger }) {
    this.#logger = options.logger
    this.#logger.warn('SMTP_URL is not set: no mail will be sent')
  }

  async send({ kind }: Mail): Promise<void> {
    this.#logger.info({ kind }, 'a mail was dropped, because SMTP_URL is not set')
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
