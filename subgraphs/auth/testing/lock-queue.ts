import pg from 'pg'
import { expect } from 'vitest'
import type { RunningAuth } from './running-auth.ts'

/** A lock that a connection of its own holds. */
export interface HeldLock extends AsyncDisposable {
  /** Commits, so that whoever waits goes on. */
  letGo(): Promise<unknown>
}

/** Takes a lock with a statement, and holds it until it is let go or disposed of. */
export async function holdLock(
  { databaseUrl }: Pick<RunningAuth, 'databaseUrl'>,
  statement: string,
  values: readonly unknown[] = [],
): Promise<HeldLock> {
  const holder = new pg.Client(databaseUrl)
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query(statement, [...values])
  return { letGo: () => holder.query('COMMIT'), [Symbol.asyncDispose]: () => holder.end() }
}

/**
 * How many transactions on the database of an auth subgraph wait for a lock at the moment.
 *
 * @param auth.sql a connection that has no transaction open: within one, Postgres shows the connections that there were
 *   at the first look, and no later ones. So what is waited for is held by another connection.
 * @param inStatement counts those alone whose statement contains this, in capitals; a mail that is written meanwhile may wait too.
 */
export async function waitingForLocks({ sql }: Pick<RunningAuth, 'sql'>, inStatement = ''): Promise<number> {
  const { rowCount } = await sql.query(
    `SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(upper(query), $1) > 0`,
    [inStatement],
  )
  return rowCount ?? 0
}

/**
 * Has requests meet at a user's row: holds it locked, starts each in turn once the one before waits for a lock, then lets
 * go. So each has read what it decides by before the first of them writes, and they write in this order.
 */
export async function inOrderOfLocks<Result>(
  auth: Pick<RunningAuth, 'databaseUrl' | 'sql'>,
  username: string,
  requests: readonly (() => Promise<Result>)[],
): Promise<Result[]> {
  await using lock = await holdLock(auth, 'SELECT FROM auth.user WHERE username = $1 FOR UPDATE', [username])
  const answers: Promise<Result>[] = []
  for (const request of requests) {
    answers.push(request())
    await expect.poll(() => waitingForLocks(auth)).toBe(answers.length)
  }
  await lock.letGo()
  return await Promise.all(answers)
}
