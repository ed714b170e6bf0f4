import type { EntityManager } from '@mikro-orm/postgresql'
import type { User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import type { Role } from './role.ts'

/**
 * Gives a user exactly these roles, and refuses the access tokens that name the old ones. Roles that they have already
 * change nothing. Ring after the commit.
 *
 * @param em of the transaction that holds the lock of the user's row.
 * @param change.actorId who gives them; null: the server's operator.
 */
export function changeRoles(
  em: EntityManager,
  parts: { readonly ending: SessionEnding; readonly audit: AuditLog },
  change: { readonly user: User; readonly roles: readonly Role[]; readonly actorId: string | null },
): void {
  const { user, actorId } = change
  const roles = [...new Set(change.roles)]
  if (roles.length === user.roles.length && roles.every((role) => user.roles.includes(role))) return
  const details = `${user.roles.join(', ')} became ${roles.join(', ')}`
  user.roles = roles
  parts.ending.refuseOlderTokens(em, user)
  parts.audit.record(em, { action: 'user.roles_set', actorId, subjectId: user.id, details })
}
