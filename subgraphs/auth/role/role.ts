/** One right that a person may have. */
export type Permission = (typeof PERMISSIONS)[number]

/** Every right there is. */
export const PERMISSIONS = [
  'USERS_READ',
  'USERS_WRITE',
  'ROLES_WRITE',
  'AUDIT_READ',
  'TOKENS_INTROSPECT',
  'CONVERSATIONS_MODERATE',
  'MESSAGES_MODERATE',
  'ASSISTANT_USE',
] as const

/** What a person may do, as a set of permissions with a name. */
export type Role = 'MEMBER' | 'MODERATOR' | 'ADMIN'

const PERMISSIONS_OF: Readonly<Record<Role, readonly Permission[]>> = {
  MEMBER: ['ASSISTANT_USE'],
  MODERATOR: ['ASSISTANT_USE', 'CONVERSATIONS_MODERATE', 'MESSAGES_MODERATE'],
  ADMIN: PERMISSIONS,
}

/** The permissions of all these roles together. */
export function permissionsOf(roles: readonly Role[]): ReadonlySet<Permission> {
  return new Set(roles.flatMap((role) => PERMISSIONS_OF[role]))
}

/** The same as an access token's `scope` names them: `USERS_READ` is `users:read` there (RFC 6749 §3.3). */
export function scopeOf(roles: readonly Role[]): string[] {
  return [...permissionsOf(roles)].map((permission) => permission.toLowerCase().replace('_', ':'))
}
