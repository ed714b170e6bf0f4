import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../../platform/logging.ts'
import { RepeatedWork } from '../../../../platform/repeated-work.ts'

/** The replies of all processes that nobody writes. */
export interface Backlog {
  /** At most 10,000: more are counted as so many. */
  readonly waiting: number
  /** How long ago the oldest of them was asked for; 0 when none waits. */
  readonly oldestSeconds: number
}

const NONE: Backlog = { waiting: 0, oldestSeconds: 0 }
const MOST_COUNTED = 10_000
const LOOK_EVERY_MS = 5_000

/** Looks every few seconds how many replies wait for a worker, in an index that holds those under way alone. */
export class ReplyBacklog implements AsyncDisposable {
  readonly #looking: RepeatedWork
  #seen = NONE

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
      onFailure: (err) => options.logger.warn({ err }, 'could not see how many replies wait'),
    })
    void this.#looking.wake()
  }

  /** As it was at the last look. */
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
       greatest(coalesce(extract(epoch FROM now() - min(created_at)), 0), 0)::float8 AS "oldestSeconds"
     FROM (
       SELECT created_at FROM chat.generation
       WHERE status IN ('QUEUED', 'RUNNING') AND NOT is_parked AND coalesce(lease_until < now(), true)
       ORDER BY created_at LIMIT ?
     ) AS counted`,
    [MOST_COUNTED],
  )
  return backlog
}
