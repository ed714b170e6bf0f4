import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { claimMail, countWaiting, finishMail, type MailClaim, postponeMail } from './mail-claim.ts'
import { MailMetrics } from './mail-metrics.ts'
import { MailNotSentError, type MailTransport } from './mail-transport.ts'
import type { MailWriter } from './mail-writer.ts'

export interface MailWorkerOptions {
  /** A new entity manager for each step. */
  fork: () => EntityManager
  transport: MailTransport
  writer: MailWriter
  logger: Logger
  now: () => Date
  /** How often it looks without being woken, in milliseconds. */
  lookEveryMs?: number
  /** How often it counts the mails that wait, in milliseconds. */
  countEveryMs?: number
  metrics?: MailMetrics
}

/** Mails that one process sends at a time. */
const MOST_AT_ONCE = 4
const LOOK_EVERY_MS = 2_000
const COUNT_EVERY_MS = 10_000
/** The longest that sending one mail may take. */
const SEND_TIMEOUT_MS = 30_000
/** How long a mail that is being sent may hold up the end of the process. */
const GRACE_MS = 1_000

/**
 * Takes the mails that features left in the queue, and sends them. No transaction is open while a mail server is talked
 * to: a job is taken, its token is committed, the mail is sent, the job is deleted, each by itself. Whatever fails
 * between, the job is still there.
 */
export class MailWorker implements AsyncDisposable {
  readonly #options: MailWorkerOptions
  readonly #givingUp = new AbortController()
  readonly #mails = new Set<Promise<void>>()
  readonly #taking: RepeatedWork
  readonly #counting: RepeatedWork
  readonly #metrics: MailMetrics

  constructor(options: MailWorkerOptions) {
    this.#options = options
    this.#taking = new RepeatedWork({
      everyMs: options.lookEveryMs ?? LOOK_EVERY_MS,
      work: () => this.#takeAll(),
      onFailure: (error) => options.logger.warn({ err: error }, 'could not look for mails to send'),
    })
    this.#metrics = options.metrics ?? new MailMetrics()
    this.#counting = new RepeatedWork({
      everyMs: options.countEveryMs ?? COUNT_EVERY_MS,
      work: async () => {
        this.#metrics.waiting = await countWaiting(options.fork())
      },
      onFailure: (error) => {
        this.#metrics.waiting = Number.NaN
        options.logger.warn({ err: error }, 'could not count the mails that wait')
      },
    })
    void this.#counting.wake()
    this.wake()
  }

  /** Takes no more mails, and gives those up that are not sent within a second: the next worker sends them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const grace = setTimeout(() => this.#givingUp.abort(), GRACE_MS)
    await Promise.all([this.#taking, this.#counting].map((work) => work[Symbol.asyncDispose]()))
    await Promise.all(this.#mails)
    clearTimeout(grace)
  }

  /** Looks for mails now. */
  wake(): void {
    void this.#taking.wake()
  }

  async #takeAll(): Promise<void> {
    const { fork, now } = this.#options
    while (this.#mails.size < MOST_AT_ONCE && !this.#taking.isStopped) {
      const claim = await claimMail(fork(), now())
      if (!claim) break
      this.#track(this.#deliver(claim))
    }
  }

  #track(mail: Promise<void>): void {
    this.#mails.add(mail)
    void mail.finally(() => {
      this.#mails.delete(mail)
      this.wake()
    })
  }

  /** Never rejects: what does not work out is tried again. */
  async #deliver(claim: MailClaim): Promise<void> {
    const { fork, logger } = this.#options
    const { id: job, kind } = claim
    try {
      if (claim.isExpired) {
        logger.warn({ job, kind }, 'a mail was dropped, because it could not be sent in time')
        this.#metrics.ended('dropped')
      } else await this.#send(claim)
      await finishMail(fork(), claim)
    } catch (error) {
      this.#metrics.ended('failed')
      logger.warn({ job, kind, attempts: claim.attempts, reason: reasonOf(error) }, 'a mail was not sent')
      await this.#postpone(claim)
    }
  }

  async #send(claim: MailClaim): Promise<void> {
    const { fork, writer, transport } = this.#options
    const mail = await fork().transactional((em) => writer.write(em, claim))
    const signal = AbortSignal.any([this.#givingUp.signal, AbortSignal.timeout(SEND_TIMEOUT_MS)])
    if (!mail) return
    await transport.send(mail, signal)
    this.#metrics.ended('sent')
  }

  async #postpone(claim: MailClaim): Promise<void> {
    const { fork, logger, now } = this.#options
    try {
      await postponeMail(fork(), claim, now())
      // Mails pile up.
      void this.#counting.wake()
    } catch (error) {
      logger.warn(
        { job: claim.id, reason: reasonOf(error) },
        'could not give a mail back; it is taken again in a minute',
      )
    }
  }
}

/** Not the error's words: a statement that failed is quoted in them, with the address. */
function reasonOf(error: unknown): string {
  if (error instanceof MailNotSentError) return error.reason
  return error instanceof Error ? `${error.name} ${'code' in error ? error.code : ''}`.trim() : typeof error
}
