import { defineEntity, PrimaryKeyProp, p } from '@mikro-orm/core'
import { User } from '../account/user.entity.ts'

const RecoveryCodeSchema = defineEntity({
  name: 'RecoveryCode',
  tableName: 'recovery_code',
  properties: {
    user: () => p.manyToOne(User).primary().fieldName('user_id').updateRule('no action').deleteRule('cascade'),
    /** A keyed digest of the code: too short to stand for itself in a stolen database. */
    digest: p.blob().primary(),
  },
})

/** A code that is good once in place of the authenticator app's; used ones are deleted. */
export class RecoveryCode extends RecoveryCodeSchema.class {
  override [PrimaryKeyProp]?: ['user', 'digest']
}
RecoveryCodeSchema.setClass(RecoveryCode)
