import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'

const LOOK_EVERY_MS = 30_000

/**
 * Tells whoever reads the log of a chat process that writes no replies itself when nobody else does: once when the oldest
 * reply that could be taken is the same as a look before, and once when it no longer is.
 */
export class WorkerWatch implements AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #logger: Logger
  readonly #looking: RepeatedWork
  #oldest: string | undefined
  #hasWarned = false

  constructor(options: {
    /** A new entity manager for each look. */
    fork: () => EntityManager
    logger: Logger
    /** How often it looks, in milliseconds; 30,000 unless given. */
    everyMs?: number
  }) {
    this.#fork = options.fork
    this.#logger = options.logger
    this.#logger.info('replies are written by workers alone: at least one must run (npm run worker)')
    this.#looking = new RepeatedWork({
      everyMs: options.everyMs ?? LOOK_EVERY_MS,
      work: () => this.#look(),
      onFailure: (err) => this.#logger.warn({ err }, 'could not see whether replies wait for a worker'),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looking[Symbol.asyncDispose]()
  }

  async #look(): Promise<void> {
    const [waiting] = await this.#fork().execute<{ attempt: string }[]>(
      `SELECT id || ' ' || attempt AS attempt FROM chat.generation
       WHERE status IN ('QUEUED', 'RUNNING') AND NOT is_parked AND coalesce(lease_until < now(), true)
       ORDER BY created_at LIMIT 1`,
    )
    const isStuck = waiting !== undefined && waiting.attempt === this.#oldest
    this.#oldest = waiting?.attempt
    if (isStuck === this.#hasWarned) return
    this.#hasWarned = isStuck
    if (isStuck) this.#logger.warn('replies wait and no worker takes them: are there workers, and enough of them?')
    else this.#logger.info('replies that waited for a worker are taken again')
  }
}
