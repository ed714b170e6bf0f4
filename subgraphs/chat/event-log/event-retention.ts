import type { EntityManager } from '@mikro-orm/postgresql'
import { BEFORE_ALL } from '../../../platform/ids.ts'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import { MOST_EVENTS_BEHIND } from './replay-limit.ts'

/** How often logs are pruned, and how much of them in one run. */
export interface RetentionTimes {
  /** In milliseconds. */
  readonly everyMs: number
  /** The most batches of 2,000 events that one run deletes; the next run goes on. */
  readonly batchesPerRun: number
}

const TIMES: RetentionTimes = { everyMs: 60_000, batchesPerRun: 100 }

/** For a few milliseconds nobody else writes in that conversation. */
const BATCH = 2_000

/**
 * Prunes the events that no cursor may ask for any more. How far each log is pruned stands in the database, so the next
 * process goes on where one was interrupted; several at once take turns at each conversation.
 */
export class EventRetention implements AsyncDisposable {
  readonly #pruning: RepeatedWork

  constructor(options: {
    /** A new entity manager for each step. */
    fork: () => EntityManager
    logger: Logger
    times?: RetentionTimes | undefined
  }) {
    const { everyMs, batchesPerRun } = options.times ?? TIMES
    this.#pruning = new RepeatedWork({
      everyMs,
      work: async () => {
        await pruneLogs(options.fork, { batches: batchesPerRun, isStopped: () => this.#pruning.isStopped })
      },
      onFailure: (err) => options.logger.error({ err }, 'could not prune the event log'),
    })
    void this.#pruning.wake()
  }

  /** Stops after the batch that is under way. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#pruning[Symbol.asyncDispose]()
  }
}

/**
 * Prunes logs that have grown long, one after the other, to their newest 1,000 to 2,000 events: each once for every
 * thousand events that are appended. One in which somebody just writes is left for another run.
 *
 * @param options.batches the most batches of 2,000 events.
 * @param options.isStopped asked between the batches.
 * @returns how many events are gone.
 */
export async function pruneLogs(
  fork: () => EntityManager,
  options: { batches: number; isStopped?: () => boolean },
): Promise<number> {
  const mayGoOn = () => left > 0 && options.isStopped?.() !== true
  let left = options.batches
  let total = 0
  for (let due = await findDue(fork(), BEFORE_ALL); due && mayGoOn(); due = await findDue(fork(), due.id)) {
    for (let pruned = BATCH; pruned === BATCH && mayGoOn(); left -= 1) {
      pruned = await pruneBatch(fork(), due)
      total += pruned
    }
  }
  return total
}

/** A log that is longer than it need be. */
interface DueLog {
  /** The conversation's UUID. */
  readonly id: string
  /** The last event that no cursor may be before. */
  readonly floor: number
}

/**
 * The next conversation with events further back than a cursor may lie, seen from its newest full thousand. Of each log
 * this reads what is in the index of every thousandth event: one row of those that are pruned already. One that was
 * deleted is not due.
 */
async function findDue(em: EntityManager, after: string): Promise<DueLog | undefined> {
  const [due] = await em.execute<DueLog[]>(
    // OFFSET 0 keeps the outer condition out of the walk: it is asked only of those that are due.
    `SELECT id, floor FROM (
       SELECT conversation_id AS id, max(seq) - ${MOST_EVENTS_BEHIND} AS floor FROM chat.conversation_event
       WHERE seq % 1000 = 0 AND conversation_id > ?
       GROUP BY conversation_id HAVING min(seq) <= max(seq) - ${MOST_EVENTS_BEHIND}
       ORDER BY conversation_id OFFSET 0
     ) due
     WHERE (SELECT deleted_at IS NULL FROM chat.conversation WHERE conversation.id = due.id)
     ORDER BY id LIMIT 1`,
    [after],
  )
  return due
}

/**
 * Deletes the oldest events of a log and moves its floor, in one statement, which waits for nobody. A deleted
 * conversation is removed as a whole, by others.
 *
 * @returns how many; less than a batch when there is nothing left to do here, or somebody else holds the conversation.
 */
async function pruneBatch(em: EntityManager, { id, floor }: DueLog): Promise<number> {
  const [pruned] = await em.execute<{ count: number }[]>(
    `WITH log AS (
       SELECT id, event_floor AS old_floor, least(event_floor + ${BATCH}, ?) AS new_floor FROM chat.conversation
       WHERE id = ? AND event_floor < ? AND deleted_at IS NULL
       FOR NO KEY UPDATE SKIP LOCKED
     ), pruned AS (
       DELETE FROM chat.conversation_event USING log
       WHERE conversation_id = log.id AND seq > old_floor AND seq <= new_floor
     )
     UPDATE chat.conversation SET event_floor = new_floor FROM log WHERE conversation.id = log.id
     RETURNING new_floor - old_floor AS count`,
    [floor, id, floor],
  )
  return pruned?.count ?? 0
}
