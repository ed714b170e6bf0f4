import type { EntityManager } from '@mikro-orm/postgresql'
import { AuditLog, NO_ORIGIN } from '../audit/audit-log.ts'

/** Writes into the audit log, with the unit of work that changes the keys, which key signs from now on or soon. */
export function recordRotation(em: EntityManager, at: Date, details: string): void {
  const entry = { action: 'key.rotated', actorId: null, subjectId: null, details } as const
  new AuditLog(NO_ORIGIN, () => at).record(em, entry)
}
