import { defineEntity, p } from '@mikro-orm/core'
import type { AuditAction } from './audit-action.ts'

const AuditEventSchema = defineEntity({
  name: 'AuditEvent',
  tableName: 'audit_event',
  indexes: [
    { name: 'audit_event_by_actor', properties: ['actorId', 'id'] },
    { name: 'audit_event_by_subject', properties: ['subjectId', 'id'] },
  ],
  properties: {
    /** Time-ordered: the log's order. */
    id: p.uuid().primary(),
    action: p.text().$type<AuditAction>(),
    actorId: p.uuid().nullable(),
    subjectId: p.uuid().nullable(),
    ipAddress: p.text().nullable(),
    userAgent: p.text().nullable(),
    details: p.text().nullable(),
    createdAt: p.datetime(3),
  },
})

/** One entry of the audit log. */
export class AuditEvent extends AuditEventSchema.class {}
AuditEventSchema.setClass(AuditEvent)
