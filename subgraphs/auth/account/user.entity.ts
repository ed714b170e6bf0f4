import { defineEntity, LockMode, p } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { UnauthenticatedError } from '../../../platform/errors.ts'
import type { Role } from '../role/role.ts'
import type { LoginKey } from './account-rules.ts'

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'user',
  indexes: [
    {
      name: 'user_by_username',
      expression: 'create index "user_by_username" on "auth"."user" (username_key text_pattern_ops)',
    },
    {
      name: 'user_by_name',
      expression: `create index "user_by_name" on "auth"."user" using gin (to_tsvector('simple', display_name))`,
    },
    {
      name: 'user_administrators',
      expression: `create index "user_administrators" on "auth"."user" (id) where 'ADMIN' = any (roles)`,
    },
  ],
  properties: {
    id: p.uuid().primary(),
    /** As the person wrote it; `emailKey` is what must be unique. */
    email: p.text(),
    emailKey: p.text().unique('user_email_key'),
    /** When mail to `email` was shown to reach its owner. */
    emailVerifiedAt: p.datetime(3).nullable(),
    /** As the person wrote it; `usernameKey` is what must be unique. */
    username: p.text(),
    usernameKey: p.text().unique('user_username_key'),
    displayName: p.text(),
    avatarUrl: p.text().nullable(),
    roles: p.array().$type<Role[]>(),
    /** Set while nobody may sign in. */
    suspendedAt: p.datetime(3).nullable(),
    /** Access tokens that carry a lower number are refused: it rises when the roles change. */
    tokenVersion: p.integer().default(0),
    createdAt: p.datetime(3),
  },
})

/** A person with an account. */
export class User extends UserSchema.class {}
UserSchema.setClass(User)

/**
 * The user's row as it is now, locked until the transaction ends: whoever changes what decides whether somebody may sign
 * in holds this lock, and so does whoever opens a session.
 *
 * @param em of the transaction.
 * @param where the id, a UUID, or what a login looks the account up by.
 * @param absent makes the error for when there is no such user.
 * @throws UnauthenticatedError without `absent`, for those whose own account is gone.
 */
export function findUserForUpdate(
  em: EntityManager,
  where: string | LoginKey,
  absent: () => Error = () => new UnauthenticatedError(),
): Promise<User> {
  const options = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true, failHandler: absent } as const
  return em.findOneOrFail(User, where, options)
}
