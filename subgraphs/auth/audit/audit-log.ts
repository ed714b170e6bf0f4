import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import type { AuditAction } from './audit-action.ts'
import { AuditEvent } from './audit-event.entity.ts'

const LONGEST_DETAILS = 1_000

/** Where something was asked for. */
export interface RequestOrigin {
  readonly address: string | null
  readonly userAgent: string | null
}

/** The origin of what the server does by itself, or its operator by a command. */
export const NO_ORIGIN: RequestOrigin = { address: null, userAgent: null }

/** What to write down. Ids are UUIDs. */
export interface AuditEntry {
  readonly action: AuditAction
  /** Who did it; null: nobody who is signed in, or the server itself. */
  readonly actorId: string | null
  readonly subjectId: string | null
  /** Never a secret; cut off at 1,000 characters. */
  readonly details?: string
}

/** Writes the audit log, for one request. */
export class AuditLog {
  readonly #origin: RequestOrigin
  readonly #now: () => Date

  constructor(origin: RequestOrigin, now: () => Date) {
    this.#origin = origin
    this.#now = now
  }

  /** Adds an entry to the unit of work: it is stored by the flush that stores what it tells of, or not at all. */
  record(em: EntityManager, { action, actorId, subjectId, details }: AuditEntry): void {
    em.create(AuditEvent, {
      id: newUuid(),
      action,
      actorId,
      subjectId,
      ipAddress: this.#origin.address,
      userAgent: this.#origin.userAgent,
      details: details?.slice(0, LONGEST_DETAILS) ?? null,
      createdAt: this.#now(),
    })
  }
}
