import { defineEntity, p } from '@mikro-orm/core'
import type { Role } from '../role/role.ts'

const UserSchema = defineEntity({
  name: 'User',
  tableName: 'user',
  properties: {
    id: p.uuid().primary(),
    /** As the person wrote it; `emailKey` is what must be unique. */
    email: p.text(),
    emailKey: p.text().unique('user_email_key'),
    /** As the person wrote it; `usernameKey` is what must be unique. */
    username: p.text(),
    usernameKey: p.text().unique('user_username_key'),
    displayName: p.text(),
    roles: p.array().$type<Role[]>(),
    createdAt: p.datetime(3),
  },
})

/** A person with an account. */
export class User extends UserSchema.class {}
UserSchema.setClass(User)
