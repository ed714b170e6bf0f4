import pg from 'pg'
import { expect } from 'vitest'
import type { RunningAuth } from './running-auth.ts'

/**
 * Has requests meet at a user's row: holds it locked, starts each in turn once the one before waits for a lock, then lets
 * go. So each has read what it decides by before the first of them writes, and they write in this order.
 */
export async function inOrderOfLocks<Result>(
  auth: Pick<RunningAuth, 'databaseUrl' | 'sql'>,
  username: string,
  requests: readonly (() => Promise<Result>)[],
): Promise<Result[]> {
  const holder = new pg.Client(auth.databaseUrl)
  await holder.connect()
  try {
    await holder.query('BEGIN')
    await holder.query('SELECT FROM auth.user WHERE username = $1 FOR UPDATE', [username])
    const answers: Promise<Result>[] = []
    for (const request of requests) {
      answers.push(request())
      await expect.poll(() => waitingForLocks(auth)).toBe(answers.length)
    }
    await holder.query('COMMIT')
    return await Promise.all(answers)
  } finally {
    await holder.end()
  }
}

async function waitingForLocks({ sql }: Pick<RunningAuth, 'sql'>): Promise<number | undefined> {
  const { rows } = await sql.query<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows[0]?.count
}
