import type { EntityManager } from '@mikro-orm/postgresql'
import { UserFault } from '../../../platform/user-fault.ts'

/**
 * Refuses what would leave the server without an administrator who can sign in: call it before taking ADMIN away from
 * somebody, and before suspending or deleting them.
 *
 * It decides under locks, on what is in the database then: the rows of the user and of all administrators stay locked,
 * in the order of their ids, until the transaction ends. So call it first in the transaction; a transaction that held
 * the lock of one user's row by then could wait for another one that waits for it. What was read of the user before may
 * be outdated after it.
 *
 * @param em of the transaction this belongs to.
 * @throws UserFault LAST_ADMIN when the user is an administrator and no other one is active.
 */
export async function requireAnotherAdmin(em: EntityManager, user: { readonly id: string }): Promise<void> {
  const rows: { id: string; isActiveAdmin: boolean }[] = await em.execute(
    `SELECT id, 'ADMIN' = ANY (roles) AND suspended_at IS NULL AS "isActiveAdmin"
     FROM auth.user WHERE 'ADMIN' = ANY (roles) OR id = ? ORDER BY id FOR UPDATE`,
    [user.id],
  )
  const active = rows.filter(({ isActiveAdmin }) => isActiveAdmin)
  if (active.length === 1 && active[0]?.id === user.id) {
    throw new UserFault('LAST_ADMIN', 'This is the only administrator; make somebody else one first.', ['input'])
  }
}
