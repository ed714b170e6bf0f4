import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BadUserInputError } from '../../../platform/errors.ts'
import type { RevocationPage, RevocationPosition } from '../../../platform/revocation-list.ts'
import { Revocation } from './revocation.entity.ts'

const PAGE_SIZE = 1_000

/** What was revoked after a position, as far as a token it names may still be valid; oldest first. */
export class RevocationLog {
  readonly #em: EntityManager
  readonly #lifeMs: number
  readonly #now: () => Date

  constructor(options: { em: EntityManager; accessTokenSeconds: number; now: () => Date }) {
    this.#em = options.em
    this.#lifeMs = options.accessTokenSeconds * 1000
    this.#now = options.now
  }

  /** At most 1,000 of them. */
  async after({ revokedAt, id }: RevocationPosition): Promise<RevocationPage> {
    const forgotten = new Date(this.#now().getTime() - this.#lifeMs)
    const position = new Date(revokedAt)
    const rows = await this.#em.fork().find(
      Revocation,
      {
        revokedAt: { $gt: forgotten },
        $or: [{ revokedAt: { $gt: position } }, { revokedAt: position, id: { $gt: id } }],
      },
      { orderBy: { revokedAt: 'asc', id: 'asc' }, limit: PAGE_SIZE },
    )
    return { revocations: rows.map((row) => this.#onTheWire(row)), hasMore: rows.length === PAGE_SIZE }
  }

  #onTheWire({ id, sessionId, userId, tokenVersion, revokedAt }: Revocation): RevocationPage['revocations'][number] {
    return {
      id,
      revokedAt: revokedAt.toISOString(),
      forgetAt: new Date(revokedAt.getTime() + this.#lifeMs).toISOString(),
      revoked: sessionId ? { sessionId } : { userId: userId ?? '', tokenVersion: tokenVersion ?? 0 },
    }
  }
}

const query = z.object({
  after: z.iso.datetime().default(new Date(0).toISOString()),
  afterId: z.uuid().default('00000000-0000-0000-0000-000000000000'),
})

/** Serves `GET /internal/revocations?after=&afterId=` to the other services of the graph. */
export function serveRevocations(server: FastifyInstance, log: RevocationLog): void {
  server.get('/internal/revocations', async (request) => {
    const result = query.safeParse(request.query)
    if (!result.success) throw new BadUserInputError('Send ?after=<ISO 8601 moment>&afterId=<UUID>.')
    return log.after({ revokedAt: result.data.after, id: result.data.afterId })
  })
}
