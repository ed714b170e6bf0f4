import { defineEntity, p } from '@mikro-orm/core'
import { User } from '../account/user.entity.ts'

const PasswordSchema = defineEntity({
  name: 'Password',
  tableName: 'password',
  properties: {
    user: () => p.oneToOne(User).primary().owner().fieldName('user_id').updateRule('no action').deleteRule('cascade'),
    /** A PHC string: algorithm, parameters, salt and digest in one text. */
    hash: p.text(),
    changedAt: p.datetime(3),
  },
})

/** What proves that somebody is a user. Apart from the user, so that reading people never reads hashes. */
export class Password extends PasswordSchema.class {}
PasswordSchema.setClass(Password)
