import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../platform/logging.ts'
import { RepeatedWork } from '../../platform/repeated-work.ts'
import type { SessionLifetimes } from './config.ts'
import { revocationListedMs } from './session/revocations.ts'

export interface HousekeepingOptions {
  em: EntityManager
  config: { readonly sessions: Pick<SessionLifetimes, 'accessTokenSeconds'> }
  logger: Logger
  now: () => Date
  /** In milliseconds; an hour when not given. */
  everyMs?: number
}

/** Rows of one table that were over before a moment. */
interface Leftovers {
  readonly table: string
  readonly key: string
  /** SQL that is compared with the moment. */
  readonly overSince: string
  /** How long they are kept although they are over. */
  readonly keptMs: number
}

const HOUR_MS = 3_600_000
const SESSIONS_KEPT_MS = 30 * 24 * HOUR_MS

const BATCH = 1_000
/** What is left of a table after so many is deleted the next time. */
const MOST_BATCHES = 100

/** Deletes what is over and of no use to anybody: at the start, and every hour. */
export class Housekeeping implements AsyncDisposable {
  readonly #em: EntityManager
  readonly #leftovers: readonly Leftovers[]
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #sweeping: RepeatedWork

  constructor(options: HousekeepingOptions) {
    this.#em = options.em
    this.#leftovers = leftovers(options.config.sessions.accessTokenSeconds)
    this.#logger = options.logger
    this.#now = options.now
    this.#sweeping = new RepeatedWork({
      everyMs: options.everyMs ?? HOUR_MS,
      work: () => this.#deleteAll(),
      onFailure: (error) => options.logger.error({ err: error }, 'could not delete what is over'),
    })
    void this.#sweeping.wake()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sweeping[Symbol.asyncDispose]()
  }

  async #deleteAll(): Promise<void> {
    for (const kind of this.#leftovers) {
      try {
        await this.#delete(kind)
      } catch (error) {
        this.#logger.error({ err: error, table: kind.table }, 'could not delete what is over')
      }
    }
  }

  /** In small transactions, passing over what another replica is deleting. */
  async #delete({ table, key, overSince, keptMs }: Leftovers): Promise<void> {
    const before = new Date(this.#now().getTime() - keptMs)
    for (let batch = 0; batch < MOST_BATCHES && !this.#sweeping.isStopped; batch += 1) {
      const { affectedRows } = await this.#em.fork().execute<{ affectedRows: number }>(
        `DELETE FROM auth.${table} WHERE ${key} IN (
           SELECT ${key} FROM auth.${table} WHERE ${overSince} < ? LIMIT ? FOR UPDATE SKIP LOCKED
         )`,
        [before, BATCH],
        'run',
      )
      if (affectedRows < BATCH) return
    }
  }
}

function leftovers(accessTokenSeconds: number): Leftovers[] {
  return [
    { table: 'mailed_token', key: 'digest', overSince: 'expires_at', keptMs: 0 },
    { table: 'pending_sign_up', key: 'id', overSince: 'expires_at', keptMs: 0 },
    // The worker says so in the log when it drops one, so it comes first.
    { table: 'mail_job', key: 'id', overSince: 'expires_at', keptMs: HOUR_MS },
    { table: 'revocation', key: 'id', overSince: 'revoked_at', keptMs: revocationListedMs(accessTokenSeconds) },
    {
      table: 'session',
      key: 'id',
      overSince: 'coalesce(ended_at, least(idle_expires_at, expires_at))',
      keptMs: SESSIONS_KEPT_MS,
    },
  ]
}
