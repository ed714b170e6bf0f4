import type { EntityManager } from '@mikro-orm/postgresql'
import { encodeId } from '../../../platform/ids.ts'
import type { User } from '../account/user.entity.ts'
import { AuditEvent } from '../audit/audit-event.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import { RecoveryCode } from '../mfa/recovery-code.entity.ts'
import { Totp } from '../mfa/totp.entity.ts'
import { Password } from '../password/password.entity.ts'
import { Session } from '../session/session.entity.ts'

const MOST_EXPORTED_SESSIONS = 1_000
const MOST_AUDIT_EVENTS = 1_000

const NOTES = [
  'This is what the accounts part of the server holds about you. Passwords, tokens and codes are not in here: the server keeps only what can check them, and shows that to nobody.',
  `sessions: the newest ${MOST_EXPORTED_SESSIONS}. Sessions that are over are deleted after a while.`,
  `auditEvents: the newest ${MOST_AUDIT_EVENTS} that you did or that were done to you. Where somebody else did it, their address and browser are left out.`,
  'Conversations and messages are not in here: read them with the queries "conversations" and "conversation".',
]

/** Puts together what is held about somebody. */
export class DataExportService {
  readonly #em: EntityManager
  readonly #audit: AuditLog
  readonly #limits: Pick<AccountLimits, 'dataExport'>
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    audit: AuditLog
    limits: Pick<AccountLimits, 'dataExport'>
    now: () => Date
  }) {
    this.#em = options.em
    this.#limits = options.limits
    this.#audit = options.audit
    this.#now = options.now
  }

  /**
   * A JSON document for the user themselves, without anything that proves who somebody is; of the sessions and of the
   * audit events it holds the newest 1,000.
   *
   * @throws RateLimitedError after ten in an hour.
   */
  async exportMyData(user: User): Promise<{ readonly json: string; readonly createdAt: Date }> {
    await this.#limits.dataExport(user.id)
    const em = this.#em.fork()
    const createdAt = this.#now()
    const document = {
      createdAt,
      notes: NOTES,
      account: await accountOf(em, user),
      secondFactor: await secondFactorOf(em, user.id),
      sessions: await sessionsOf(em, user.id),
      auditEvents: await auditEventsOf(em, user.id),
    }
    this.#audit.record(em, { action: 'user.data_exported', actorId: user.id, subjectId: user.id })
    await em.flush()
    return { json: JSON.stringify(document, null, 2), createdAt }
  }
}

async function accountOf(em: EntityManager, user: User): Promise<object> {
  const password = await em.findOne(Password, { user: user.id }, { fields: ['changedAt'] })
  return {
    id: encodeId('usr', user.id),
    email: user.email,
    emailVerifiedAt: user.emailVerifiedAt,
    username: user.username,
    displayName: user.displayName,
    avatarUrl: user.avatarUrl,
    roles: user.roles,
    suspendedAt: user.suspendedAt,
    createdAt: user.createdAt,
    passwordChangedAt: password?.changedAt ?? null,
  }
}

async function secondFactorOf(em: EntityManager, userId: string): Promise<object | null> {
  const totp = await em.findOne(Totp, { user: userId }, { fields: ['createdAt', 'confirmedAt'] })
  if (!totp) return null
  const recoveryCodesLeft = await em.count(RecoveryCode, { user: userId })
  return { createdAt: totp.createdAt, inForceSince: totp.confirmedAt, recoveryCodesLeft }
}

async function sessionsOf(em: EntityManager, userId: string): Promise<object[]> {
  const sessions = await em.find(Session, { user: userId }, { orderBy: { id: 'desc' }, limit: MOST_EXPORTED_SESSIONS })
  return sessions.map((session) => ({
    id: encodeId('ses', session.id),
    createdAt: session.createdAt,
    lastUsedAt: session.rotatedAt,
    expiresAt: session.endsAt(),
    endedAt: session.endedAt,
    endReason: session.endReason,
    userAgent: session.userAgent,
    ipAddress: session.address,
  }))
}

/** Asked for by actor and by subject: each has an index of its own, which an OR of the two would not follow in order. */
async function auditEventsOf(em: EntityManager, userId: string): Promise<object[]> {
  const newest = { orderBy: { id: 'desc' }, limit: MOST_AUDIT_EVENTS } as const
  const done = await em.find(AuditEvent, { actorId: userId }, newest)
  const suffered = await em.find(AuditEvent, { subjectId: userId }, newest)
  const events = [...new Set([...done, ...suffered])].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, MOST_AUDIT_EVENTS)
  const nameOf = (id: string | null | undefined) => (id == null ? null : id === userId ? 'you' : 'somebody else')
  return events.map(({ id, action, actorId, subjectId, ipAddress, userAgent, details, createdAt }) => ({
    id: encodeId('aud', id),
    action,
    createdAt,
    actor: nameOf(actorId),
    subject: nameOf(subjectId),
    ...(nameOf(actorId) !== 'somebody else' && { ipAddress, userAgent }),
    details,
  }))
}
