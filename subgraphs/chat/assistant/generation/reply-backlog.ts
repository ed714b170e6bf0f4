import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../../platform/logging.ts'
import { RepeatedWork } from '../../../../platform/repeated-work.ts'

/** The replies of all processes that nobody writes; NaN while that is not known. */
export interface Backlog {
  /** At most 10,000: more are counted as so many. */
  readonly waiting: number
  /** For how long the one has waited that has waited longest, since it last began to; 0 when none waits. */
  readonly oldestSeconds: number
}

const NONE: Backlog = { waiting: 0, oldestSeconds: 0 }
const UNKNOWN: Backlog = { waiting: Number.NaN, oldestSeconds: Number.NaN }
const MOST_COUNTED = 10_000
const LOOK_EVERY_MS = 5_000

/** Looks every few seconds how many replies wait for a worker, in an index that holds those under way alone. */
export class ReplyBacklog implements AsyncDisposable {
  readonly #looking: RepeatedWork
  #seen = UNKNOWN

  /**
   * @param options.fork a new entity manager for each look.
   * @param options.everyMs how often it looks, in milliseconds; 5,000 unless given.
   */
  constructor(options: { fork: () => EntityManager; logger: Logger; everyMs?: number | undefined }) {
    this.#looking = new RepeatedWork({
      everyMs: options.everyMs ?? LOOK_EVERY_MS,
      work: async () => {
        this.#seen = await readBacklog(options.fork())
      },
      onFailure: (err) => {
        this.#seen = UNKNOWN
        options.logger.warn({ err }, 'could not see how many replies wait')
      },
    })
    void this.#looking.wake()
  }

  /** As it was at the last look, if that could see anything. */
  get seen(): Backlog {
    return this.#seen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looking[Symbol.asyncDispose]()
    this.#seen = NONE
  }
}

async function readBacklog(em: EntityManager): Promise<Backlog> {
  const [backlog] = await em.execute<[Backlog]>(
    `SELECT count(*)::integer AS waiting,
       greatest(coalesce(extract(epoch FROM now() - min(since)), 0), 0)::float8 AS "oldestSeconds"
     FROM (
       SELECT greatest(waiting_since, lease_until) AS since FROM chat.generation
       WHERE status IN ('QUEUED', 'RUNNING') AND NOT is_parked AND coalesce(lease_until < now(), true)
       ORDER BY created_at LIMIT ?
     ) AS counted`,
    [MOST_COUNTED],
  )
  return backlog
}
