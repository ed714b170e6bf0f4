import { defineEntity, p } from '@mikro-orm/core'

const RevocationSchema = defineEntity({
  name: 'Revocation',
  tableName: 'revocation',
  indexes: [{ name: 'revocation_order', properties: ['xactId', 'id'] }],
  checks: [
    { name: 'revocation_names_one', expression: '(session_id is null) <> (user_id is null)' },
    { name: 'revocation_of_user', expression: '(user_id is null) = (token_version is null)' },
  ],
  properties: {
    id: p.uuid().primary(),
    /** All tokens of this session are refused. */
    sessionId: p.uuid().nullable(),
    /** The tokens of this user below `tokenVersion` are refused. */
    userId: p.uuid().nullable(),
    tokenVersion: p.integer().nullable(),
    revokedAt: p.datetime(3),
    /** The transaction that revokes, in decimal digits: it orders the list. */
    xactId: p.string().columnType('xid8').defaultRaw('pg_current_xact_id()'),
  },
})

/** Access tokens to refuse although they have not expired. It outlives the session and the user it names. */
export class Revocation extends RevocationSchema.class {}
RevocationSchema.setClass(Revocation)
