import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BadUserInputError } from '../../../platform/errors.ts'
import type { RevocationPage, RevocationPosition } from '../../../platform/revocation-list.ts'

const PAGE_SIZE = 1_000

/** The sessions that were ended after a position, as far as an access token of theirs may still be valid; oldest first. */
export class EndedSessions {
  readonly #em: EntityManager
  readonly #lifeMs: number
  readonly #now: () => Date

  constructor(options: { em: EntityManager; accessTokenSeconds: number; now: () => Date }) {
    this.#em = options.em
    this.#lifeMs = options.accessTokenSeconds * 1000
    this.#now = options.now
  }

  /** At most 1,000 of them. */
  async after({ revokedAt, sessionId }: RevocationPosition): Promise<RevocationPage> {
    const forgotten = new Date(this.#now().getTime() - this.#lifeMs)
    const rows = await this.#em.fork().execute<{ id: string; ended_at: Date }[]>(
      `SELECT id, ended_at FROM auth.session
       WHERE ended_at > ? AND (ended_at, id) > (?::timestamptz, ?::uuid)
       ORDER BY ended_at, id LIMIT ?`,
      [forgotten, revokedAt, sessionId, PAGE_SIZE],
    )
    const revocations = rows.map(({ id, ended_at }) => ({
      sessionId: id,
      revokedAt: new Date(ended_at).toISOString(),
      forgetAt: new Date(new Date(ended_at).getTime() + this.#lifeMs).toISOString(),
    }))
    return { revocations, hasMore: rows.length === PAGE_SIZE }
  }
}

const query = z.object({ after: z.iso.datetime(), afterSession: z.uuid() })

/** Serves `GET /internal/revocations?after=&afterSession=` to the other services of the graph. */
export function serveRevocations(server: FastifyInstance, sessions: EndedSessions): void {
  server.get('/internal/revocations', async (request) => {
    const result = query.safeParse(request.query)
    if (!result.success) throw new BadUserInputError('Send ?after=<ISO 8601 moment>&afterSession=<UUID>.')
    return sessions.after({ revokedAt: result.data.after, sessionId: result.data.afterSession })
  })
}
