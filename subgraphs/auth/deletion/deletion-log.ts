import type { EntityManager } from '@mikro-orm/postgresql'
import { CLOCK_SKEW_SECONDS } from '../../../platform/access-token.ts'
import type { DeletionPage } from '../../../platform/deletions.ts'
import { Deletion } from './deletion.entity.ts'

/** Longer than anything that was asked for may still be under way. */
const LEAST_SETTLING_SECONDS = 15 * 60

/** The list of deleted accounts, which the other services of the graph follow. */
export class DeletionLog {
  readonly #em: EntityManager
  readonly #settlingMs: number
  readonly #now: () => Date
  readonly #ring: () => void

  /**
   * @param options.accessTokenSeconds how long a service that cannot reach auth accepts tokens of a deleted account.
   * @param options.ring tells the other processes to read on now.
   */
  constructor(options: { em: EntityManager; accessTokenSeconds: number; now: () => Date; ring: () => void }) {
    this.#em = options.em
    this.#settlingMs = 1000 * Math.max(LEAST_SETTLING_SECONDS, options.accessTokenSeconds + CLOCK_SKEW_SECONDS)
    this.#now = options.now
    this.#ring = options.ring
  }

  /**
   * Adds an account at the next position. It lets no other transaction do so until the commit: a reader who has read up
   * to a position must have missed none before it. So call it last.
   *
   * @param em of the transaction that deletes the account.
   */
  async append(em: EntityManager, userId: string): Promise<void> {
    await em.execute(`SELECT pg_advisory_xact_lock(hashtextextended('parley.auth.deletions', 0))`)
    const now = this.#now()
    await em.execute(
      `INSERT INTO auth.deletion (position, user_id, deleted_at, settled_at, anonymise_at)
       SELECT coalesce(max(position), 0) + 1, ?, ?, ?, ? FROM auth.deletion`,
      [userId, now, new Date(now.getTime() + this.#settlingMs), now],
    )
  }

  /** At most `limit` of those after a position, in their order. */
  async after(position: number, limit: number): Promise<DeletionPage> {
    const rows = await this.#em
      .fork()
      .find(Deletion, { position: { $gt: position } }, { orderBy: { position: 'asc' }, limit: limit + 1 })
    const deletions = rows.slice(0, limit).map(({ position, userId, deletedAt, settledAt }) => {
      return { position, userId, deletedAt: deletedAt.toISOString(), settledAt: settledAt.toISOString() }
    })
    return { deletions, hasMore: rows.length > limit }
  }

  /** Call it after the commit: the other processes look at once. Without it they find out within a second. */
  ring(): void {
    this.#ring()
  }
}
