import type { EntityManager } from '@mikro-orm/postgresql'
import type { DeletionPage } from '../../../platform/deletions.ts'
import { Deletion } from './deletion.entity.ts'

/** The list of deleted accounts, which the other services of the graph follow. */
export class DeletionLog {
  readonly #em: EntityManager
  readonly #now: () => Date
  readonly #ring: () => void

  /** @param options.ring tells the other processes to read on now. */
  constructor(options: { em: EntityManager; now: () => Date; ring: () => void }) {
    this.#em = options.em
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
    await em.execute(
      `INSERT INTO auth.deletion (position, user_id, deleted_at)
       SELECT coalesce(max(position), 0) + 1, ?, ? FROM auth.deletion`,
      [userId, this.#now()],
    )
  }

  /** At most `limit` of those after a position, in their order. */
  async after(position: number, limit: number): Promise<DeletionPage> {
    const rows = await this.#em
      .fork()
      .find(Deletion, { position: { $gt: position } }, { orderBy: { position: 'asc' }, limit: limit + 1 })
    const deletions = rows.slice(0, limit).map(({ position, userId, deletedAt }) => {
      return { position, userId, deletedAt: deletedAt.toISOString() }
    })
    return { deletions, hasMore: rows.length > limit }
  }

  /** Call it after the commit: the other processes look at once. Without it they find out within a second. */
  ring(): void {
    this.#ring()
  }
}
