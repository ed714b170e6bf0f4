import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { Logger } from '../../../platform/logging.ts'
import { RepeatedWork } from '../../../platform/repeated-work.ts'
import type { LastSeenStore } from './presence-board.ts'

/** One statement writes at most so many people. */
const BATCH = 1_000

/** Writes when people were last here: those who leave together in one statement, and again after a failure. */
export class LastSeenWriter implements LastSeenStore, AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #pending = new Map<string, Date>()
  readonly #writing: RepeatedWork

  constructor(options: { fork: () => EntityManager; logger: Logger; retryEveryMs?: number }) {
    this.#fork = options.fork
    this.#writing = new RepeatedWork({
      everyMs: options.retryEveryMs ?? 5_000,
      work: () => this.#write(),
      onFailure: (err) => options.logger.warn({ err }, 'could not record when people were last here'),
    })
  }

  /** @param userId a UUID. */
  record(userId: string, seenAt: Date): void {
    this.#pending.set(userId, seenAt)
    void this.#writing.wake()
  }

  /** Writes what is still to be written, once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.wake()
    await this.#writing[Symbol.asyncDispose]()
  }

  async #write(): Promise<void> {
    // Whoever leaves in the same turn comes along.
    await Promise.resolve()
    while (this.#pending.size > 0) {
      const batch = [...this.#pending].slice(0, BATCH)
      await writeLastSeen(this.#fork(), batch)
      for (const [userId, seenAt] of batch) {
        if (this.#pending.get(userId) === seenAt) this.#pending.delete(userId)
      }
    }
  }
}

/** In the order of the ids, so that two processes never wait for each other; what is known never goes back. */
async function writeLastSeen(em: EntityManager, batch: readonly (readonly [string, Date])[]): Promise<void> {
  await em.execute(
    `INSERT INTO chat.last_seen (user_id, seen_at)
     SELECT user_id, seen_at FROM jsonb_to_recordset(?::jsonb) AS seen(user_id uuid, seen_at timestamptz) ORDER BY user_id
     ON CONFLICT (user_id) DO UPDATE SET seen_at = greatest(last_seen.seen_at, excluded.seen_at)`,
    [JSON.stringify(batch.map(([user_id, seen_at]) => ({ user_id, seen_at })))],
  )
}

/** When these people were last here, as far as it is stored. */
export async function readLastSeen(em: EntityManager, userIds: readonly string[]): Promise<Map<string, Date>> {
  if (userIds.length === 0) return new Map()
  const rows = await em.execute<{ userId: string; seenAt: string }[]>(
    'SELECT user_id AS "userId", seen_at AS "seenAt" FROM chat.last_seen WHERE user_id IN (?)',
    [[...userIds]],
  )
  return new Map(rows.map(({ userId, seenAt }) => [userId, new Date(seenAt)]))
}

/** When people were last here by UUID, as far as it is stored; null for who was never seen to leave. */
export function lastSeenLoader(em: EntityManager) {
  return new DataLoader<string, Date | null>(async (userIds) => {
    const seen = await readLastSeen(em, userIds)
    return userIds.map((userId) => seen.get(userId) ?? null)
  })
}
