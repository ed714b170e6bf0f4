import type { EntityManager } from '@mikro-orm/postgresql'
import type { Origin } from '../../../../platform/origin.ts'
import type { PayableTask } from '../usage/ledger.ts'
import { releaseTasks } from '../usage/task-reservation.ts'

/**
 * Something the assistant does beside its replies, as this process has taken it, with who paid for it then: nobody does
 * once whoever asked has deleted their account.
 */
export interface Task extends PayableTask, Pick<Origin, 'requestId'> {
  /** How often it has been begun, this time included. */
  readonly attempts: number
  /** Fences this process: whoever takes the task later has another one. */
  readonly lease: string
}

/** So often a task is begun, before it is given up. */
const MOST_ATTEMPTS = 3
/** Longer than a model is waited for. */
const LEASE_SECONDS = 60
/** Pause after the first failure; twice as long after the second. */
const RETRY_SECONDS = 10
/** A summary that could not be written is planned again no sooner: it would be with every reply. */
const REST_SECONDS = 3_600

const IS_FREE = 'coalesce(lease_until < now(), true)'
const IS_HELD = 'conversation_id = ? AND kind = ? AND lease_until = ?::timestamptz'

const held = ({ conversationId, kind, lease }: Task) => [conversationId, kind, lease]

/**
 * Takes the oldest task that nobody works on, or whose worker is lost, for 60 seconds of the database's clock. Null when
 * there is nothing to do.
 */
export async function claimTask(em: EntityManager): Promise<Task | null> {
  const [task] = await em.execute<Task[]>(
    `WITH next AS (
       SELECT task.conversation_id, task.kind FROM chat.assistant_task task
       JOIN chat.conversation ON conversation.id = task.conversation_id AND deleted_at IS NULL
       WHERE ${IS_FREE} AND attempts < ${MOST_ATTEMPTS}
       ORDER BY task.created_at LIMIT 1 FOR NO KEY UPDATE OF task SKIP LOCKED
     )
     UPDATE chat.assistant_task task
     SET attempts = attempts + 1, lease_until = now() + interval '${LEASE_SECONDS} seconds'
     FROM next WHERE task.conversation_id = next.conversation_id AND task.kind = next.kind
     RETURNING task.conversation_id AS "conversationId", task.kind, model, attempts,
       requested_by AS payer, lease_until::text AS lease,
       request_id AS "requestId"`,
  )
  return task ?? null
}

/** Gives up the tasks whose last worker is lost too, with what is set aside for them, and those that have rested. */
export async function dropAbandoned(em: EntityManager): Promise<void> {
  await em.transactional(async (transaction) => {
    const dropped = await transaction.execute<Pick<Task, 'conversationId' | 'kind'>[]>(
      `DELETE FROM chat.assistant_task WHERE attempts >= ${MOST_ATTEMPTS} AND ${IS_FREE}
       RETURNING conversation_id AS "conversationId", kind`,
    )
    if (dropped.length > 0) await releaseTasks(transaction, dropped)
  })
}

/**
 * Locks a task that this process has.
 *
 * @returns who pays for it (a UUID), null when nobody does; undefined when another process has it, or nobody.
 */
export async function lockTask(transaction: EntityManager, task: Task): Promise<string | null | undefined> {
  const [row] = await transaction.execute<{ payer: string | null }[]>(
    `SELECT requested_by AS payer FROM chat.assistant_task WHERE ${IS_HELD} FOR UPDATE`,
    held(task),
  )
  return row?.payer
}

/** Ends a task that this process has. */
export async function removeTask(em: EntityManager, task: Task): Promise<void> {
  await em.execute(`DELETE FROM chat.assistant_task WHERE ${IS_HELD}`, held(task))
}

/** Has a task that this process has begun once more, as if it had never been; what it was told of is done. */
export async function renewTask(em: EntityManager, task: Task): Promise<void> {
  await em.execute(`UPDATE chat.assistant_task SET attempts = 0, lease_until = NULL WHERE ${IS_HELD}`, held(task))
}

/** Leaves a task to the next process at once; this time does not count. */
export async function handTaskOver(em: EntityManager, task: Task): Promise<void> {
  await em.execute(
    `UPDATE chat.assistant_task SET attempts = attempts - 1, lease_until = NULL WHERE ${IS_HELD}`,
    held(task),
  )
}

/**
 * Has a title that does not fit what is left of the day begun again on the next one, of UTC; gives it up after the third
 * time. A summary is given up at once: the next reply plans another.
 */
export async function deferTask(em: EntityManager, task: Task): Promise<void> {
  if (task.kind === 'SUMMARY' || task.attempts >= MOST_ATTEMPTS) return removeTask(em, task)
  await em.execute(
    `UPDATE chat.assistant_task SET lease_until = date_trunc('day', now(), 'UTC') + interval '24 hours' WHERE ${IS_HELD}`,
    held(task),
  )
}

/**
 * Has a task that failed begun again after a while; gives it up after the third time. A summary stays an hour then, which
 * nobody begins, and in whose place no other is planned.
 */
export async function retryTask(em: EntityManager, task: Task): Promise<void> {
  const isLast = task.attempts >= MOST_ATTEMPTS
  if (isLast && task.kind === 'TITLE') return removeTask(em, task)
  await em.execute(`UPDATE chat.assistant_task SET lease_until = now() + ? * interval '1 second' WHERE ${IS_HELD}`, [
    isLast ? REST_SECONDS : RETRY_SECONDS * task.attempts,
    ...held(task),
  ])
}
