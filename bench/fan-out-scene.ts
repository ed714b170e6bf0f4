import { randomBytes } from 'node:crypto'
import { encodeId, newUuid } from '../platform/ids.ts'
import type { Resources } from '../platform/resources.ts'
import { ServiceSigner } from '../platform/service-signature.ts'
import { openBenchDatabase } from './database.ts'
import { BenchTokens, sendMessage, settle } from './people.ts'
import { type Role, startRole } from './processes.ts'

/** The graph in processes of its own, and a conversation in it that many watch. */
export interface Scene {
  readonly gateway: Role
  readonly chat: Role
  readonly auth: Role
  readonly conversationId: string
  /** An access token of each watcher. */
  readonly tokens: readonly string[]
  /** Sends a message, straight to chat: a gateway's part in that is not what is measured. */
  send(body: string): Promise<void>
}

/** @param options.gatewayFlags for the gateway's Node. */
export async function openScene(
  resources: Resources,
  options: { watchers: number; gatewayFlags: readonly string[] },
): Promise<Scene> {
  const tokens = new BenchTokens()
  const serviceSecret = randomBytes(32).toString('hex')
  const databaseUrl = await openBenchDatabase(resources)
  const roles = await startGraphRoles(resources, {
    databaseUrl,
    serviceSecret,
    signingKey: tokens.signingKey,
    gatewayFlags: options.gatewayFlags,
  })
  const people = Array.from({ length: options.watchers + 1 }, () => newUuid())
  const conversationId = newUuid()
  await settle(databaseUrl, people, conversationId)
  const [owner = '', ...watchers] = people.map((id) => tokens.of(id))
  const conversation = encodeId('cnv', conversationId)
  const send = (body: string) =>
    sendMessage(roles.chat, new ServiceSigner(serviceSecret), owner, { conversationId: conversation, body })
  return { ...roles, conversationId: conversation, tokens: watchers, send }
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
): Promise<Pick<Scene, 'gateway' | 'chat' | 'auth'>> {
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
