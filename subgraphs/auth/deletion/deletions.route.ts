import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BadUserInputError } from '../../../platform/errors.ts'
import type { DeletionLog } from './deletion-log.ts'

const LARGEST_PAGE = 1_000

const digits = z.string().regex(/^\d+$/).transform(Number)
const query = z.object({
  after: digits.pipe(z.int()).default(0),
  limit: digits.pipe(z.int().min(1).max(LARGEST_PAGE)).default(LARGEST_PAGE),
})

/** Serves `GET /internal/deletions?after=&limit=` to the other services of the graph. */
export function serveDeletions(server: FastifyInstance, log: DeletionLog): void {
  server.get('/internal/deletions', async (request) => {
    const result = query.safeParse(request.query)
    if (!result.success) throw new BadUserInputError(`Send ?after=<position>&limit=<1 to ${LARGEST_PAGE}>.`)
    return log.after(result.data.after, result.data.limit)
  })
}
