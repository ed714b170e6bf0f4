/** What a person may do, as a set of permissions with a name. */
export type Role = 'MEMBER' | 'MODERATOR' | 'ADMIN'

const SCOPES: Readonly<Record<Role, readonly string[]>> = {
  MEMBER: ['assistant:use'],
  MODERATOR: ['assistant:use', 'conversations:moderate', 'messages:moderate'],
  ADMIN: [
    'assistant:use',
    'conversations:moderate',
    'messages:moderate',
    'users:read',
    'users:write',
    'roles:write',
    'audit:read',
    'tokens:introspect',
  ],
}

/** The permissions of all these roles together, as an access token's `scope` names them. */
export function scopeOf(roles: readonly Role[]): string[] {
  return [...new Set(roles.flatMap((role) => SCOPES[role]))]
}
