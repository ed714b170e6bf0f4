import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../platform/service-signature.ts'
import { conversationEvents } from '../support/chat-streams.ts'
import { GraphClient } from '../support/graph-client.ts'
import { createConversation, type Person, signUp } from '../support/people.ts'
import { type Deployment, deploymentOn, type RoleProcess } from '../support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 90_000 })

/** What DESIGN promises where no bus rings. */
const REFUSED_WITHIN_MS = 1_500
const STREAMS_CLOSED_WITHIN_MS = 5_000
const LOOK_EVERY_MS = 10

let model: DemoModel
let database: TestDatabase
let deployment: Deployment

beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 5 })
  database = await createTestDatabase()
  deployment = deploymentOn(database.url, model.baseUrl)
})

afterAll(async () => {
  await model?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

async function startTwoOfEach() {
  const auth = await deployment.startAuth()
  const chats = await Promise.all([deployment.startChat(auth), deployment.startChat(auth)])
  const gateways = await Promise.all(chats.map((chat) => deployment.startGateway(auth, chat)))
  return { gateways, chats }
}

/** Whether a process still takes the token; chat is asked as a gateway asks it. */
async function isRefused(role: RoleProcess, query: string, token: string): Promise<boolean> {
  const body = JSON.stringify({ query })
  const headers = { authorization: `Bearer ${token}` }
  const signature = new ServiceSigner(deployment.serviceSecret).sign('/graphql', body, headers)
  const response = await fetch(`${role.url}/graphql`, {
    method: 'POST',
    body,
    headers: { ...headers, [SIGNATURE_HEADER]: signature, 'content-type': 'application/json' },
  })
  return response.status === 401
}

/** How long a process went on taking the token, in milliseconds. */
async function refusalTime(role: RoleProcess, query: string, token: string, since: number): Promise<number> {
  while (!(await isRefused(role, query, token))) {
    if (performance.now() - since > STREAMS_CLOSED_WITHIN_MS) return Number.POSITIVE_INFINITY
    await delay(LOOK_EVERY_MS)
  }
  return performance.now() - since
}

/** The same person at another gateway, with the same token. */
function at(gateway: RoleProcess | undefined, { tokens, ...person }: Person): Person {
  return { ...person, tokens, client: new GraphClient(gateway?.url ?? '', tokens.accessToken) }
}

describe('a session that is ended at one gateway', () => {
  it('is refused by every process within a second and a half, with no bus, and its streams are closed within five', async () => {
    const { gateways, chats } = await startTwoOfEach()
    const [first, second] = gateways
    const ada = await signUp(first ?? { url: '' })
    const conversationId = await createConversation(ada)
    const everywhere = [ada, at(second, ada)]
    const streams = everywhere.map((person) => conversationEvents(person, conversationId))
    for (const stream of streams) await stream.next()

    const { accessToken } = ada.tokens
    const since = performance.now()
    await ada.client.run('mutation { signOut { signedOut } }')
    const refusals = await Promise.all([
      ...gateways.map((role) => refusalTime(role, '{ models { id } }', accessToken, since)),
      ...chats.map((role) => refusalTime(role, '{ conversations { nodes { id } } }', accessToken, since)),
    ])
    const closeCodes = await Promise.all(everywhere.map(({ client }) => client.closeCode()))
    const closedAfter = performance.now() - since

    process.stdout.write(
      `refused after ${refusals.map(Math.round).join(', ')} ms; streams closed after ${Math.round(closedAfter)} ms\n`,
    )
    expect(Math.max(...refusals)).toBeLessThan(REFUSED_WITHIN_MS)
    expect(closeCodes).toEqual([4403, 4403])
    expect(closedAfter).toBeLessThan(STREAMS_CLOSED_WITHIN_MS)
    for (const stream of streams) expect(await stream.failureCodes()).toEqual(['UNAUTHENTICATED'])
  })
})
