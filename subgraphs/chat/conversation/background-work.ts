import type { EntityManager } from '@mikro-orm/postgresql'

/** One statement writes at most so many rows, so that a long history does not run into the statement timeout. */
export const BATCH = 5_000

/**
 * Whether this process may do a work that one process at a time does; until the transaction ends the others skip it. The
 * transaction may rest meanwhile for as long as the work's own transactions take.
 *
 * It is not a row's lock: a transaction that writes nothing has no number, so it does not hold up vacuuming however long
 * the work takes.
 */
export async function isOurTurn(em: EntityManager, work: string): Promise<boolean> {
  const [lock] = await em.execute<[{ isOurs: boolean }]>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS "isOurs"',
    [`parley.chat.${work}`],
  )
  if (lock.isOurs) await em.execute('SET LOCAL idle_in_transaction_session_timeout = 0')
  return lock.isOurs
}
