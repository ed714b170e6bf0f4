import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { renewEpochs } from './event-log-home-epochs.ts'

const CHECK_EVERY_MS = 5_000

/** What a database is known by. */
const PARTS = ['cluster', 'timeline', 'database', 'table'] as const

type Part = (typeof PARTS)[number]

/** A part that this server does not tell is absent. */
type Identity = Partial<Record<Part, string>>

/** The database as it is, and as it was when the log was last known to be in its place. */
interface Home {
  /** Null on a standby. */
  readonly now: Identity | null
  readonly stored: Identity | null
}

/**
 * Notices that the event log is in another database than it was: restored from a backup, copied, or failed over to a
 * standby that may lack the newest events. Then every conversation begins a new run of its log, because a cursor from
 * the time after the backup would otherwise be taken for a place among events that are different ones now.
 *
 * It knows a database by its identity, and so not an old data directory that was put back in its place:
 * `npm run renew-epochs` is for that.
 */
export class EventLogHome implements AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #watching: RepeatedWork
  #hasToldOfGaps = false

  constructor(options: {
    /** A new entity manager for each step. */
    fork: () => EntityManager
    logger: Logger
    /** How often it looks, in milliseconds; a server can fail over under a running process. Five seconds when not given. */
    checkEveryMs?: number | undefined
  }) {
    this.#fork = options.fork
    this.#logger = options.logger
    this.#watching = new RepeatedWork({
      everyMs: options.checkEveryMs ?? CHECK_EVERY_MS,
      work: () => this.#settle('FOR NO KEY UPDATE SKIP LOCKED'),
      onFailure: (err) => {
        if (!this.#stopping.signal.aborted) this.#logger.warn({ err }, 'could not see whether the database is another')
      },
    })
  }

  /**
   * Looks now. When it returns, every cursor that is honoured belongs to this database: what another process has begun
   * is waited for. To be called before anybody is served.
   */
  settle(): Promise<void> {
    return this.#settle('FOR NO KEY UPDATE')
  }

  /** Stops between two batches; the next process begins anew. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#watching[Symbol.asyncDispose]()
  }

  async #settle(lock: string): Promise<void> {
    const [home] = await this.#fork().execute<Home[]>(
      'SELECT chat.event_log_identity() AS now, (SELECT identity FROM chat.event_log_home) AS stored',
    )
    if (!home?.now) return
    this.#tellOfGaps(home.now)
    if (home.stored === null) await storeFirst(this.#fork(), home.now)
    else if (!isSame(home)) await this.#fork().transactional((em) => this.#moveIn(em, lock))
  }

  /**
   * Renews all epochs, and stores the new identity last of all. The row's lock lets one process do so, and a crash leaves
   * the old identity, so that the next process does all of it again.
   */
  async #moveIn(em: EntityManager, lock: string): Promise<void> {
    await em.execute('SET LOCAL statement_timeout = 0')
    await em.execute('SET LOCAL idle_in_transaction_session_timeout = 0')
    const [home] = await em.execute<Home[]>(
      `SELECT chat.event_log_identity() AS now, identity AS stored FROM chat.event_log_home ${lock}`,
    )
    if (!home?.now || isSame(home)) return
    const changed = changedParts(home)
    const conversations = changed.length > 0 ? await renewEpochs(this.#fork, this.#stopping.signal) : 0
    await em.execute('UPDATE chat.event_log_home SET identity = identity || ?::jsonb', [JSON.stringify(home.now)])
    if (changed.length === 0) return
    this.#logger.warn(
      { conversations, changed },
      'the database was restored, copied or failed over: every conversation begins a new run of its event log',
    )
  }

  #tellOfGaps(now: Identity): void {
    const missing = PARTS.filter((part) => now[part] === undefined)
    if (missing.length === 0 || this.#hasToldOfGaps) return
    this.#hasToldOfGaps = true
    this.#logger.info({ missing }, 'the database does not tell all that it is known by; a restore may go unnoticed')
  }
}

/** What both tell of, and differently. A right that was given or taken makes no other database. */
function changedParts({ now, stored }: Home): Part[] {
  return PARTS.filter((part) => now?.[part] && stored?.[part] && now[part] !== stored[part])
}

/** Whether there is nothing to store. */
function isSame({ now, stored }: Home): boolean {
  return PARTS.every((part) => !now?.[part] || now[part] === stored?.[part])
}

/** The first start keeps every cursor. */
async function storeFirst(em: EntityManager, identity: Identity): Promise<void> {
  await em.execute('INSERT INTO chat.event_log_home (identity) VALUES (?::jsonb) ON CONFLICT DO NOTHING', [
    JSON.stringify(identity),
  ])
}
