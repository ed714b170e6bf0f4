import { createPublicKey, type KeyObject } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { KeySet } from '../../../platform/key-set.ts'
import { publish } from './signing-key.ts'

/** Caches may keep the key set for five minutes. */
const CACHE_CONTROL = 'public, max-age=300'

/** Serves the public signing key to whoever verifies our access tokens (RFC 7517 §5). */
export function serveJwks(server: FastifyInstance, signingKey: KeyObject): void {
  const document = { keys: [publish(signingKey)] }
  server.get('/.well-known/jwks.json', async (_request, reply) =>
    reply.header('cache-control', CACHE_CONTROL).send(document),
  )
}

/** The key set of the process that owns the signing key: it need not ask anybody. */
export function ownKeySet(signingKey: KeyObject): KeySet {
  const { kid } = publish(signingKey)
  const publicKey = createPublicKey(signingKey)
  return {
    find: async (wanted) => (wanted === kid ? publicKey : undefined),
    ready: async () => {},
  }
}
