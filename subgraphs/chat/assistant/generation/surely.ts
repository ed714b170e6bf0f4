import { setTimeout as delay } from 'node:timers/promises'
import { isDatabaseAway } from '../../../../platform/database-away.ts'
import { GenerationError } from '../model/generation-error.ts'

/** Shorter than a lease, so that nobody else has taken the reply meanwhile. */
const LONGEST_MS = 5_000
const PAUSE_MS = 250

/** What Postgres (appendix A) says of a transaction that may simply be run again: it lost a race for a lock. */
const LOST_RACE = new Set<unknown>(['40001', '40P01', '55P03'])

/** Whether an error of the database passes by itself. A model that cannot be reached has lost its connection, too. */
export function isPassing(error: unknown): boolean {
  if (error instanceof GenerationError) return false
  return isDatabaseAway(error) || (error instanceof Error && 'code' in error && LOST_RACE.has(error.code))
}

/**
 * Does something in the database, again and again for some seconds while the database is away: a connection that breaks
 * must not cost a reply, nor one more call of the model.
 *
 * @param work may be repeated, also when it was committed and nobody was told.
 * @param signal ends the trying.
 * @throws what `work` throws; the signal's reason.
 */
export async function surely<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  for (const begunAt = performance.now(); ; ) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error) || performance.now() - begunAt > LONGEST_MS) throw error
    }
    await delay(PAUSE_MS)
    signal?.throwIfAborted()
  }
}
