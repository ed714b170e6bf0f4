import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BadUserInputError } from '../../../platform/errors.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { User } from './user.entity.ts'

const MOST_IDS = 100

const lookup = z.object({ ids: z.array(z.string()).max(MOST_IDS) })

/** Serves `POST /internal/users`: what other services of the graph may know of users. Ids without a user are left out. */
export function serveUserLookup(server: FastifyInstance, em: EntityManager): void {
  server.post('/internal/users', async (request) => {
    const ids = readIds(request.body).map((id) => decodeId('usr', id))
    const users = await em.fork().find(User, { id: { $in: ids } })
    return {
      users: users.map(({ id, username, displayName }) => ({ id: encodeId('usr', id), username, displayName })),
    }
  })
}

function readIds(body: unknown): string[] {
  const result = lookup.safeParse(body)
  if (result.success) return result.data.ids
  throw new BadUserInputError(`Send {"ids": ["usr_…"]} with at most ${MOST_IDS} user ids.`)
}
