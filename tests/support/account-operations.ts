import { randomUUID } from 'node:crypto'
import { PASSWORD } from './people.ts'

/** Who asks: about another user who is a MEMBER, or `self`, a MEMBER about themselves. */
export const COLUMNS = ['signed out', 'MEMBER', 'MODERATOR', 'ADMIN', 'self'] as const
export type Column = (typeof COLUMNS)[number]

/** Whom an operation is about. */
interface Subject {
  readonly id: string
  readonly username: string
  readonly tokens: { readonly accessToken: string }
}

/** An operation, and what each column gets: `ok`, `null`, a top-level code or `user error <code>`. */
export interface AccountOperation {
  readonly title: string
  readonly document: string
  readonly variables: (subject: Subject) => Record<string, unknown>
  readonly expected: readonly string[]
}

type Expected = readonly [signedOut: string, member: string, moderator: string, admin: string, self: string]

const OUT = 'UNAUTHENTICATED'
const EVERYBODY: Expected = ['ok', 'ok', 'ok', 'ok', 'ok']
const SIGNED_IN: Expected = [OUT, 'ok', 'ok', 'ok', 'ok']
const ADMINS: Expected = [OUT, 'FORBIDDEN', 'FORBIDDEN', 'ok', 'FORBIDDEN']
const ADMINS_OR_THEMSELVES: Expected = [OUT, 'null', 'null', 'ok', 'ok']
const PRIVATE_FIELDS = ['email', 'emailVerified', 'roles', 'status', 'totpEnabled', 'sessions { id }']

const NEW_PASSWORD = 'another battery, another staple'
const newName = () => `n-${randomUUID().slice(0, 20)}`
const newcomer = () => {
  const username = newName()
  return { email: `${username}@example.org`, username, password: PASSWORD }
}

function query(field: string, expected: Expected, variables: AccountOperation['variables'] = () => ({})) {
  return { title: field.split(/\W/)[0] ?? '', document: `query ${field}`, variables, expected }
}

function mutation(
  field: string,
  expected: Expected,
  input?: (subject: Subject) => Record<string, unknown>,
): AccountOperation {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`
  const typeName =
    field === 'restoreUser' || field === 'deleteUser' || field === 'revokeUserSessions' ? 'UserIdInput' : type
  const document = input
    ? `mutation ($input: ${typeName}!) { ${field}(input: $input) { userErrors { code } } }`
    : `mutation { ${field} { userErrors { code } } }`
  return { title: field, document, variables: (subject) => (input ? { input: input(subject) } : {}), expected }
}

function named(title: string, operation: Omit<AccountOperation, 'title'>): AccountOperation {
  return { ...operation, title }
}

const user = ({ id }: Subject) => ({ userId: id })

const queries: readonly AccountOperation[] = [
  named('me', query('{ me { id } }', ['null', 'ok', 'ok', 'ok', 'ok'])),
  named('user', query('($userId: ID!) { user(id: $userId) { id } }', SIGNED_IN, user)),
  ...PRIVATE_FIELDS.map((field) =>
    named(
      `user { ${field} }`,
      query(`($userId: ID!) { user(id: $userId) { seen: ${field} } }`, ADMINS_OR_THEMSELVES, user),
    ),
  ),
  named(
    'userByUsername',
    query('($username: String!) { userByUsername(username: $username) { id } }', SIGNED_IN, ({ username }) => ({
      username,
    })),
  ),
  named('users', query('{ users(first: 1) { nodes { id } totalCount } }', ADMINS)),
  named('searchUsers', query('{ searchUsers(query: "member", first: 1) { nodes { id } } }', SIGNED_IN)),
  named('can', query('{ can(permission: ASSISTANT_USE) }', SIGNED_IN)),
  named(
    'introspectToken',
    query(
      '($token: String!) { introspectToken(token: $token) { seen: userId } }',
      ADMINS_OR_THEMSELVES,
      ({ tokens }) => ({ token: tokens.accessToken }),
    ),
  ),
  named('auditEvents', query('{ auditEvents(first: 1) { nodes { id } } }', ADMINS)),
  named('exportMyData', query('{ exportMyData { createdAt } }', SIGNED_IN)),
]

const invalidToken: Expected = Array(5).fill('user error INVALID_TOKEN') as unknown as Expected

const atTheDoor: readonly AccountOperation[] = [
  mutation('signUp', EVERYBODY, newcomer),
  mutation('signIn', EVERYBODY, ({ username }) => ({ login: username, password: PASSWORD })),
  mutation('refreshTokens', invalidToken, () => ({ refreshToken: 'nonsense' })),
  mutation('requestEmailVerification', EVERYBODY, () => ({ email: `${newName()}@example.org` })),
  mutation('verifyEmail', invalidToken, () => ({ token: 'nonsense' })),
  mutation('requestPasswordReset', EVERYBODY, () => ({ email: `${newName()}@example.org` })),
  mutation('resetPassword', invalidToken, () => ({ token: 'nonsense', newPassword: NEW_PASSWORD })),
]

const toOneself: readonly AccountOperation[] = [
  mutation('signOut', SIGNED_IN),
  mutation('revokeOtherSessions', SIGNED_IN),
  mutation('revokeSession', [OUT, 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'ok'], ({ tokens }) => ({
    sessionId: sessionIdIn(tokens.accessToken),
  })),
  mutation('updateProfile', SIGNED_IN, () => ({ displayName: 'Somebody' })),
  mutation('changePassword', SIGNED_IN, () => ({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD })),
  mutation('deleteAccount', SIGNED_IN, () => ({ password: PASSWORD })),
  mutation('beginTotp', SIGNED_IN),
  mutation('confirmTotp', needsTotp(), () => ({ code: '123456' })),
  mutation('disableTotp', needsTotp(), () => ({ password: PASSWORD, code: '123456' })),
]

const toOthers: readonly AccountOperation[] = [
  mutation('createUser', ADMINS, newcomer),
  mutation('updateUser', ADMINS, ({ id }) => ({ userId: id, displayName: 'Somebody' })),
  mutation('setUserRoles', ADMINS, ({ id }) => ({ userId: id, roles: ['MEMBER', 'ADMIN'] })),
  mutation('suspendUser', ADMINS, ({ id }) => ({ userId: id, reason: 'testing' })),
  mutation('restoreUser', ADMINS, user),
  mutation('deleteUser', ADMINS, user),
  mutation('revokeUserSessions', ADMINS, user),
]

/** Every operation of auth, asked of everybody. */
export const accountOperations: readonly AccountOperation[] = [...queries, ...atTheDoor, ...toOneself, ...toOthers]

function needsTotp(): Expected {
  const missing = 'user error NOT_FOUND'
  return [OUT, missing, missing, missing, missing]
}

function sessionIdIn(accessToken: string): string {
  const payload = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { sid: string }).sid
}
