import type { EntityManager } from '@mikro-orm/postgresql'
import { UserFault } from '../../../platform/user-fault.ts'

/**
 * Refuses what would leave the server without an administrator who can sign in: call it before taking ADMIN away from
 * somebody, and before suspending or deleting them.
 *
 * The user's row is locked until the transaction ends; what was read of them before may be outdated after it. When they
 * are an active administrator, no other one can be removed until then either: everybody who removes one takes the same
 * advisory lock, after the row. Whoever has it looks at the others without locking them, so it never waits for a row of
 * somebody who waits for it. For that to hold, call this first in the transaction: one that has locked another user's
 * row by then could wait in a circle.
 *
 * @param em of the transaction this belongs to.
 * @throws UserFault LAST_ADMIN when the user is an administrator and no other one is active.
 */
export async function requireAnotherAdmin(em: EntityManager, user: { readonly id: string }): Promise<void> {
  const [subject] = await em.execute<{ isActiveAdmin: boolean }[]>(
    `SELECT 'ADMIN' = ANY (roles) AND suspended_at IS NULL AS "isActiveAdmin"
     FROM auth.user WHERE id = ? FOR UPDATE`,
    [user.id],
  )
  if (!subject?.isActiveAdmin) return
  await em.execute(`SELECT pg_advisory_xact_lock(hashtextextended('parley.auth.administrators', 0))`)
  // A statement of its own: it sees what was committed while the lock was waited for.
  const [others] = await em.execute<[{ areThere: boolean }]>(
    `SELECT EXISTS (
       SELECT FROM auth.user WHERE 'ADMIN' = ANY (roles) AND suspended_at IS NULL AND id <> ?
     ) AS "areThere"`,
    [user.id],
  )
  if (!others.areThere) {
    throw new UserFault('LAST_ADMIN', 'This is the only administrator; make somebody else one first.', ['input'])
  }
}
