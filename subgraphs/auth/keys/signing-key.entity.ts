import { defineEntity, p } from '@mikro-orm/core'
import type { PublishedKey } from './signing-key.ts'

const SigningKeySchema = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_key',
  properties: {
    kid: p.text().primary(),
    publicKey: p.json<PublishedKey>(),
    /** Null: the key that the environment supplies. */
    sealedPrivateKey: p.blob().nullable(),
    /** Published from the beginning; signs from this moment, until a later key does. */
    activeFrom: p.datetime(3),
    /** Withdrawn at this moment, when nothing it signed can be valid any more; null: not replaced yet. */
    retiresAt: p.datetime(3).nullable(),
    /** The longest life of the tokens that it signs, as far as those who sign with it or made it have told. */
    tokenSeconds: p.integer(),
  },
})

/** A key that signs access tokens, has signed them or will. */
export class SigningKey extends SigningKeySchema.class {}
SigningKeySchema.setClass(SigningKey)
