import { defineEntity, p } from '@mikro-orm/core'

const PendingSignUpSchema = defineEntity({
  name: 'PendingSignUp',
  tableName: 'pending_sign_up',
  indexes: [
    { name: 'pending_sign_up_by_email', properties: ['emailKey', 'createdAt'] },
    { name: 'pending_sign_up_by_username', properties: ['usernameKey', 'createdAt'] },
  ],
  properties: {
    /** Becomes the user's id. */
    id: p.uuid().primary(),
    email: p.text(),
    emailKey: p.text(),
    username: p.text(),
    usernameKey: p.text(),
    displayName: p.text(),
    passwordHash: p.text(),
    createdAt: p.datetime(3),
    expiresAt: p.datetime(3),
  },
})

/**
 * A sign-up whose address is not verified yet. It reserves nothing and is stored whether or not the address has an
 * account, so that nothing anybody can ask tells the two apart.
 */
export class PendingSignUp extends PendingSignUpSchema.class {}
PendingSignUpSchema.setClass(PendingSignUp)
