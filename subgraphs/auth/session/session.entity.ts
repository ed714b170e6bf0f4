import { defineEntity, p } from '@mikro-orm/core'
import { User } from '../account/user.entity.ts'

/** Why a session is over, other than by time. */
export type SessionEnd =
  | 'SIGNED_OUT'
  | 'REVOKED'
  | 'REFRESH_TOKEN_REUSED'
  | 'PASSWORD_CHANGED'
  | 'PASSWORD_RESET'
  | 'SUSPENDED'
  | 'TOO_MANY_SESSIONS'
  | 'ACCOUNT_DELETED'

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'session',
  properties: {
    id: p.uuid().primary(),
    user: () => p.manyToOne(User).fieldName('user_id').index('session_user_index').deleteRule('cascade'),
    /** How many refresh tokens the session has had; the newest one carries this number. */
    generation: p.integer(),
    /** SHA-256 of the newest refresh token. */
    tokenDigest: p.blob(),
    /** When the newest refresh token was made, which is when its predecessor was first used. */
    rotatedAt: p.datetime(3),
    createdAt: p.datetime(3),
    /** Over at this moment unless it is refreshed before. */
    idleExpiresAt: p.datetime(3),
    /** Over at this moment, however often it was refreshed. */
    expiresAt: p.datetime(3),
    endedAt: p.datetime(3).nullable(),
    endReason: p.text().$type<SessionEnd>().nullable(),
    userAgent: p.text().nullable(),
    address: p.text().nullable(),
  },
})

/** One signed-in device of a user. */
export class Session extends SessionSchema.class {
  /** When it is over unless it is refreshed before. */
  endsAt(): Date {
    return this.idleExpiresAt < this.expiresAt ? this.idleExpiresAt : this.expiresAt
  }

  /** Neither ended nor expired. */
  isOpen(now: Date): boolean {
    return !this.endedAt && now < this.endsAt()
  }

  /** The same as a condition for the database. */
  static openAt(now: Date) {
    return { endedAt: null, idleExpiresAt: { $gt: now }, expiresAt: { $gt: now } }
  }
}
SessionSchema.setClass(Session)
