import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { CLOCK_SKEW_SECONDS } from '../../../platform/access-token.ts'
import { BadUserInputError } from '../../../platform/errors.ts'
import {
  FIRST_REVOCATION,
  type RevocationPage,
  type RevocationPosition,
  revocationPosition,
} from '../../../platform/revocation-list.ts'
import { Revocation } from './revocation.entity.ts'

const PAGE_SIZE = 1_000
const LOWEST_ID = '00000000-0000-0000-0000-000000000000'

/**
 * The entries and the position are of one snapshot. All transaction ids below its `xmin` "are either committed and
 * visible, or rolled back and dead": whatever commits later has this `xmin` or more, however long it was open, so no
 * clock and no lock is needed. Entries of transactions above it come again in the next reading.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS
 */
const PAGE = `
  SELECT pg_snapshot_xmin(pg_current_snapshot()) AS next_reading, entry.*
  FROM (SELECT) AS always LEFT JOIN (
    SELECT * FROM auth.revocation
    WHERE (xact_id, id) > (?::xid8, ?::uuid) AND revoked_at > ?
    ORDER BY xact_id, id
    LIMIT ?
  ) AS entry ON true
  ORDER BY entry.xact_id, entry.id`

/**
 * For how long after it a revocation is listed, in milliseconds. The tokens it names may have been signed by a clock
 * that is ahead of the one it was noted down by, and who reads the list may go by one that is behind.
 */
export function revocationListedMs(accessTokenSeconds: number): number {
  return (accessTokenSeconds + 2 * CLOCK_SKEW_SECONDS) * 1000
}

/** What was revoked, as far as a token it names may still be valid, in the order of the transactions that did it. */
export class RevocationLog {
  readonly #em: EntityManager
  readonly #listedMs: number
  readonly #forgottenAfterMs: number
  readonly #now: () => Date

  constructor(options: { em: EntityManager; accessTokenSeconds: number; now: () => Date }) {
    this.#em = options.em
    this.#listedMs = revocationListedMs(options.accessTokenSeconds)
    this.#forgottenAfterMs = (options.accessTokenSeconds + CLOCK_SKEW_SECONDS) * 1000
    this.#now = options.now
  }

  /** At most 1,000 of them. */
  async after({ xactId, id }: RevocationPosition): Promise<RevocationPage> {
    const em = this.#em.fork()
    const over = new Date(this.#now().getTime() - this.#listedMs)
    // Without entries there is one row, which has the position alone.
    const rows: { id: string | null; next_reading: string }[] = await em.execute(PAGE, [
      xactId,
      id ?? LOWEST_ID,
      over,
      PAGE_SIZE,
    ])
    const entries = rows.filter((row) => row.id !== null).map((row) => em.map(Revocation, row))
    const last = entries.length === PAGE_SIZE ? entries.at(-1) : undefined
    return {
      revocations: entries.map((entry) => this.#onTheWire(entry)),
      ...(last && { nextPage: { xactId: last.xactId, id: last.id } }),
      ...(id === undefined && { nextReading: rows[0]?.next_reading }),
    }
  }

  #onTheWire({ sessionId, userId, tokenVersion, revokedAt }: Revocation): RevocationPage['revocations'][number] {
    return {
      forgetAt: new Date(revokedAt.getTime() + this.#forgottenAfterMs).toISOString(),
      revoked: sessionId ? { sessionId } : { userId: userId ?? '', tokenVersion: tokenVersion ?? 0 },
    }
  }
}

const query = z
  .object({ after: revocationPosition.shape.xactId.default(FIRST_REVOCATION.xactId), afterId: z.uuid().optional() })
  .transform(({ after, afterId }): RevocationPosition => ({ xactId: after, id: afterId }))

/** Serves `GET /internal/revocations?after=&afterId=` to the other services of the graph. */
export function serveRevocations(server: FastifyInstance, log: RevocationLog): void {
  server.get('/internal/revocations', async (request) => {
    const result = query.safeParse(request.query)
    if (!result.success) throw new BadUserInputError('Send ?after=<transaction id>&afterId=<UUID>.')
    return log.after(result.data)
  })
}
