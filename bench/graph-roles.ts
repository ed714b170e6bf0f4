import type { Resources } from '../platform/resources.ts'
import { type Role, startRole } from './processes.ts'

/** The graph in processes of its own. */
export interface GraphRoles {
  readonly gateway: Role
  readonly chat: Role
  readonly auth: Role
}

/** A graph that is asked over a real gateway; without `modelUrl` nobody can be asked for a reply. */
export async function startGraphRoles(
  resources: Resources,
  given: {
    databaseUrl: string
    serviceSecret: string
    signingKey: string
    gatewayFlags?: readonly string[]
    chatFlags?: readonly string[]
    modelUrl?: string
  },
): Promise<GraphRoles> {
  const shared = { SERVICE_SECRET: given.serviceSecret }
  const stored = { ...shared, DATABASE_URL: given.databaseUrl }
  const auth = await startRole(resources, 'subgraphs/auth/main.ts', 'AUTH_PORT', {
    environment: { ...stored, JWT_SIGNING_KEY: given.signingKey },
  })
  const chat = await startRole(resources, 'subgraphs/chat/main.ts', 'CHAT_PORT', {
    environment: { ...stored, AUTH_URL: auth.url, OPENAI_BASE_URL: given.modelUrl ?? 'http://127.0.0.1:9' },
    flags: given.chatFlags ?? [],
  })
  const gateway = await startRole(resources, 'gateway/main.ts', 'PORT', {
    environment: {
      ...shared,
      SUBGRAPH_URL_AUTH: `${auth.url}/graphql`,
      SUBGRAPH_URL_CHAT: `${chat.url}/graphql`,
      JWKS_URL: `${auth.url}/.well-known/jwks.json`,
      AUTH_URL: auth.url,
    },
    flags: given.gatewayFlags ?? [],
  })
  return { auth, chat, gateway }
}
