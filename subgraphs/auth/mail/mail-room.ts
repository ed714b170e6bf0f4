import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../../../platform/logging.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import type { AuthConfig } from '../config.ts'
import { DiscardingTransport } from './discarding-transport.ts'
import { MailMetrics } from './mail-metrics.ts'
import { MailQueue } from './mail-queue.ts'
import type { MailTransport } from './mail-transport.ts'
import { MailWorker } from './mail-worker.ts'
import { MailWriter } from './mail-writer.ts'
import { serveOutbox } from './outbox.route.ts'
import { Outbox } from './outbox.ts'

interface MailRoomOptions {
  readonly config: Pick<AuthConfig, 'mail' | 'address'>
  readonly em: EntityManager
  readonly logger: Logger
  readonly metrics?: Metrics
  readonly now: () => Date
}

/** What a process has to do with mail: the queue that features fill, and the worker that empties it. */
export class MailRoom implements AsyncDisposable {
  readonly queue: MailQueue
  readonly #config: Pick<AuthConfig, 'mail' | 'address'>
  readonly #em: EntityManager
  readonly #logger: Logger
  readonly #metrics: MailMetrics
  readonly #now: () => Date
  readonly #transport: MailTransport
  #worker: MailWorker | undefined

  private constructor(options: MailRoomOptions, transport: MailTransport) {
    this.#config = options.config
    this.#em = options.em
    this.#logger = options.logger
    this.#metrics = new MailMetrics(options.metrics)
    this.#now = options.now
    this.queue = new MailQueue({ now: options.now, wake: () => this.#worker?.wake() })
    this.#transport = transport
  }

  static async open(options: MailRoomOptions): Promise<MailRoom> {
    return new MailRoom(options, await openTransport(options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.[Symbol.asyncDispose]()
    await this.#transport[Symbol.asyncDispose]()
  }

  /** Adds the outbox to the server's routes, where there is one to be read. */
  serve(server: FastifyInstance): void {
    if (this.#transport instanceof Outbox) serveOutbox(server, this.#transport, this.#config.address.host)
  }

  /**
   * Begins to send.
   *
   * @param url where the server of `serve` listens.
   */
  begin(url: string): void {
    if (this.#transport instanceof Outbox) this.#transport.url = `${url}/outbox`
    this.#worker = new MailWorker({
      fork: () => this.#em.fork(),
      transport: this.#transport,
      writer: new MailWriter({ publicUrl: this.#config.mail.publicUrl, queue: this.queue, now: this.#now }),
      logger: this.#logger,
      metrics: this.#metrics,
      now: this.#now,
    })
  }
}

/** The library for SMTP is loaded where mails are sent: it would slow every other start down. */
async function openTransport({ config, logger, now }: MailRoomOptions): Promise<MailTransport> {
  const { smtpUrl, from, showsOutbox } = config.mail
  if (smtpUrl === undefined) return showsOutbox ? new Outbox({ logger, now }) : new DiscardingTransport({ logger })
  const { SmtpTransport } = await import('./smtp-transport.ts')
  return new SmtpTransport({ smtpUrl, from })
}
