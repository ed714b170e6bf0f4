import type { EntityManager } from '@mikro-orm/postgresql'
import {
  type Connection,
  decodeCursor,
  encodeCursor,
  type PageRequest,
  toConnection,
} from '../../../platform/connection.ts'
import { isUuid } from '../../../platform/ids.ts'
import { type Actor, requireRight } from '../role/policy.ts'
import { AuditEvent } from './audit-event.entity.ts'

/** Ids are below it: the newest entries come after nothing. */
const AFTER_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

const NEWEST_FIRST = 'ORDER BY id DESC LIMIT ?'
const ALL = `SELECT * FROM auth.audit_event WHERE id < ? ${NEWEST_FIRST}`
const pageOf = (column: 'actor_id' | 'subject_id') =>
  `(SELECT * FROM auth.audit_event WHERE ${column} = ? AND id < ? ${NEWEST_FIRST})`
/** Each branch has an index of its own and stops at the page's end; an OR of the two would do neither. */
const OF_USER = `${pageOf('actor_id')} UNION ${pageOf('subject_id')} ${NEWEST_FIRST}`

/** Reads the audit log. */
export class AuditReader {
  readonly #em: EntityManager

  constructor(options: { em: EntityManager }) {
    this.#em = options.em
  }

  /**
   * A page, forward only, of the entries, newest first, read with one statement.
   *
   * @param userId the UUID of who did it, or whom it was done to; undefined: all entries.
   * @throws ForbiddenError
   * @throws BadUserInputError for a cursor of another list.
   */
  async list(actor: Actor, page: PageRequest, userId: string | undefined): Promise<Connection<AuditEvent>> {
    requireRight(actor, 'read the audit log')
    const before = page.cursor === undefined ? AFTER_ALL : decodeCursor('audit', page.cursor, isUuid)
    const limit = page.size + 1
    const rows =
      userId === undefined
        ? await this.#em.execute(ALL, [before, limit])
        : await this.#em.execute(OF_USER, [userId, before, limit, userId, before, limit, limit])
    const events = rows.map((row) => this.#em.map(AuditEvent, row))
    return toConnection(page, events, ({ id }) => encodeCursor('audit', id))
  }
}
