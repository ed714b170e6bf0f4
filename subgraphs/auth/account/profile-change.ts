import type { EntityManager } from '@mikro-orm/postgresql'
import type { AuditLog } from '../audit/audit-log.ts'
import { readDisplayName, readUsername } from './account-rules.ts'
import type { User } from './user.entity.ts'

/** What to change of a profile; what is undefined stays, a null `avatarUrl` goes. */
export interface ProfileChange {
  readonly displayName?: string | null | undefined
  readonly username?: string | null | undefined
  readonly avatarUrl?: string | null | undefined
}

/** What a change sets of a user; what is not there stays. */
export type ChangedColumns = Partial<
  Pick<User, 'displayName' | 'username' | 'usernameKey' | 'avatarUrl' | 'email' | 'emailKey'>
>

/**
 * The columns that a change of a profile sets. Null stays too, where there must be something.
 *
 * @throws UserFault BAD_USER_INPUT, or USERNAME_TAKEN for a reserved one
 */
export function readProfile(change: ProfileChange): ChangedColumns {
  const username = change.username == null ? undefined : readUsername(change.username)
  return {
    ...(change.displayName != null && { displayName: readDisplayName(change.displayName) }),
    ...(username && { username: username.text, usernameKey: username.key }),
    ...(change.avatarUrl !== undefined && { avatarUrl: change.avatarUrl }),
  }
}

/**
 * Sets the columns, and writes down which of them are others now; does nothing where none is.
 *
 * @param em of the transaction that holds the lock of the user's row.
 * @param change.actorId who changes it.
 * @returns the columns that are others now.
 */
export function changeColumns(
  em: EntityManager,
  audit: AuditLog,
  change: { readonly user: User; readonly columns: ChangedColumns; readonly actorId: string },
): (keyof ChangedColumns)[] {
  const { user, columns, actorId } = change
  const changed = keysOf(columns).filter((name) => user[name] !== columns[name])
  if (changed.length === 0) return []
  em.assign(user, columns)
  const details = `changed: ${changed.filter((name) => !name.endsWith('Key')).join(', ')}`
  audit.record(em, { action: 'user.updated', actorId, subjectId: user.id, details })
  return changed
}

function keysOf<Item extends object>(item: Item): (keyof Item)[] {
  return Object.keys(item) as (keyof Item)[]
}
