import { defineEntity, p } from '@mikro-orm/core'
import { User } from '../account/user.entity.ts'

const TotpSchema = defineEntity({
  name: 'Totp',
  tableName: 'totp',
  properties: {
    user: () => p.oneToOne(User).primary().owner().fieldName('user_id').updateRule('no action').deleteRule('cascade'),
    /** The shared secret, sealed: unlike a password it must be known to be checked. */
    sealedSecret: p.blob(),
    createdAt: p.datetime(3),
    /** Null: begun and not yet in force. */
    confirmedAt: p.datetime(3).nullable(),
    /** The 30-second step of the newest code that was accepted; only later ones are good (RFC 6238 §5.2). */
    lastStep: p.integer().default(0),
  },
})

/** The authenticator app of a user. */
export class Totp extends TotpSchema.class {}
TotpSchema.setClass(Totp)
