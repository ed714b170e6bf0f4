import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { BadUserInputError } from '../../../platform/errors.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { User } from './user.entity.ts'

const MOST_AT_ONCE = 100

const texts = z.array(z.string()).max(MOST_AT_ONCE)
const lookup = z.union([z.strictObject({ ids: texts }), z.strictObject({ usernames: texts })])

/**
 * Serves `POST /internal/users`: what other services of the graph may know of users, by their ids or by their names in
 * any case. Ids and names without a user are left out.
 */
export function serveUserLookup(server: FastifyInstance, em: EntityManager): void {
  server.post('/internal/users', async (request) => {
    const users = await em.fork().find(User, readLookup(request.body))
    return {
      users: users.map(({ id, username, displayName }) => ({ id: encodeId('usr', id), username, displayName })),
    }
  })
}

function readLookup(body: unknown) {
  const result = lookup.safeParse(body)
  if (!result.success) {
    const most = `with at most ${MOST_AT_ONCE} of them`
    throw new BadUserInputError(`Send {"ids": ["usr_…"]} or {"usernames": ["ada"]}, ${most}.`)
  }
  return 'ids' in result.data
    ? { id: { $in: result.data.ids.map((id) => decodeId('usr', id)) } }
    : { usernameKey: { $in: result.data.usernames.map((name) => name.toLowerCase()) } }
}
