import type { FastifyInstance } from 'fastify'
import type { KeyRing } from './key-ring.ts'

/** Caches may keep the key set for five minutes. */
const CACHE_CONTROL = 'public, max-age=300'

/**
 * Serves the public keys to whoever verifies our access tokens (RFC 7517 §5). While the database answers they are at most
 * a second old: who asks because of a key that another process has just made would else keep the answer without it for
 * five minutes. When they were last read more than an hour ago the request fails.
 */
export function serveJwks(server: FastifyInstance, keys: Pick<KeyRing, 'refresh' | 'published'>): void {
  server.get('/.well-known/jwks.json', async (_request, reply) => {
    await keys.refresh()
    return reply.header('cache-control', CACHE_CONTROL).send({ keys: keys.published() })
  })
}
