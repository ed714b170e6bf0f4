import { randomBytes } from 'node:crypto'
import { encodeId, newUuid } from '../platform/ids.ts'
import type { Resources } from '../platform/resources.ts'
import { ServiceSigner } from '../platform/service-signature.ts'
import { openBenchDatabase } from './database.ts'
import { type GraphRoles, startGraphRoles } from './graph-roles.ts'
import { BenchTokens, sendMessage, settle } from './people.ts'

/** The graph in processes of its own, and a conversation in it that many watch. */
export interface Scene extends GraphRoles {
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
