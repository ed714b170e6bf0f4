import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { ServiceSigner, SIGNATURE_HEADER } from '../../platform/service-signature.ts'
import { readReply, textOf, watchReply } from '../support/chat-streams.ts'
import { EventStream } from '../support/event-stream.ts'
import { GraphClient } from '../support/graph-client.ts'
import type { Environment } from '../support/parley-process.ts'
import { createConversation, sendMessage, signUp } from '../support/people.ts'
import { type Deployment, deploymentOn } from '../support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 90_000 })

let model: DemoModel
let database: TestDatabase
let deployment: Deployment
beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 5 })
  database = await createTestDatabase()
  deployment = deploymentOn(database.url, model.baseUrl)
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function startAll(environment?: Environment) {
  const auth = await deployment.startAuth()
  const chat = await deployment.startChat(auth, environment)
  return { auth, chat, gateway: await deployment.startGateway(auth, chat) }
}

const MESSAGES = `query Messages($id: ID!) {
  conversation(id: $id) { messages(first: 1) { nodes { number body author { username } } } }
}`

/** First, because the database is empty only once. */
describe('two processes of each subgraph, started at once on an empty database,', () => {
  it('migrate it once, and all come up', async () => {
    const [auth, otherAuth] = await Promise.all([deployment.startAuth(), deployment.startAuth()])
    const [chat, otherChat] = await Promise.all([deployment.startChat(auth), deployment.startChat(otherAuth)])
    const gateway = await deployment.startGateway(otherAuth, otherChat)
    const ada = await signUp(gateway)
    const conversationId = await createConversation(ada)
    const { reply } = await sendMessage(ada, conversationId, 'what is 6 * 7')
    expect(textOf(await watchReply(ada, reply?.id ?? ''))).toContain('6 × 7 = 42')
    for (const role of [auth, otherAuth, chat, otherChat, gateway]) {
      role.launcher.kill('SIGTERM')
      expect(await role.exitCode()).toBe(0)
      expect(role.stderr()).toBe('')
    }
  })
})

describe('auth, chat and gateway in processes of their own', () => {
  it('sign somebody up, take a message and stream the reply, which a worker in one of its own writes', async () => {
    const { auth, gateway } = await startAll({ AI_WORKER: 'separate' })
    const ada = await signUp(gateway)
    const { reply } = await sendMessage(ada, await createConversation(ada), 'count to 50')
    const replyId = reply?.id ?? ''
    expect((await readReply(ada, replyId)).generation.status).toBe('QUEUED')
    // Watched from before there is anybody to write it: on a slow machine it might be whole when its worker has started.
    const [events, worker] = await Promise.all([watchReply(ada, replyId), deployment.startWorker(auth)])
    // Without a bus text comes with the sweep of each second; where the machine is busy, all of it may come at once.
    expect(events.filter(({ __typename }) => __typename === 'ReplyText').length).toBeGreaterThan(0)
    expect(events.at(-1)).toMatchObject({ __typename: 'ReplyEnded', status: 'COMPLETED' })
    expect(events.at(-1)?.message?.body).toBe(textOf(events))
    worker.launcher.kill('SIGTERM')
    expect([await worker.exitCode(), worker.stderr()]).toEqual([0, ''])
  })

  it('go on without auth: what chat knows is answered, and the rest is null with an error that says so', async () => {
    const { auth, gateway } = await startAll()
    const ada = await signUp(gateway)
    const conversationId = await createConversation(ada)
    await sendMessage(ada, conversationId, 'Hello')
    auth.launcher.kill('SIGTERM')
    await auth.exitCode()

    const { data, errors } = await ada.client.send<{
      conversation: { messages: { nodes: { number: number; body: string; author: unknown }[] } }
    }>(MESSAGES, { id: conversationId })
    expect(data?.conversation.messages.nodes).toEqual([{ number: 1, body: 'Hello', author: null }])
    expect(errors).toMatchObject([
      { extensions: { code: 'SUBGRAPH_UNAVAILABLE', requestId: expect.stringMatching(/^[\w-]{36}$/) } },
    ])
    expect((await sendMessage(ada, conversationId, 'Still here')).message.number).toBe(3)
    expect(await ada.client.codesOf('{ me { id } }')).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })
})

describe('a subgraph called past the gateway', () => {
  const operation = { query: '{ __typename }' }
  const ask = (url: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(operation),
    })

  it('refuses what no service signed, also with a good access token, over HTTP and on its socket', async () => {
    const { auth, chat, gateway } = await startAll()
    const ada = await signUp(gateway)
    const conversationId = await createConversation(ada)
    const authorization = `Bearer ${ada.tokens.accessToken}`
    for (const { url } of [auth, chat]) {
      const forged = new ServiceSigner('another secret').sign('/graphql', JSON.stringify(operation), { authorization })
      for (const headers of [{}, { authorization }, { authorization, [SIGNATURE_HEADER]: forged }]) {
        const response = await ask(url, headers)
        expect(response.status).toBe(403)
        expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
      }
      const internal = await fetch(`${url}/internal/users`, { method: 'POST' })
      expect(internal.ok).toBe(false)
    }
    const streams = createClient({
      url: `${chat.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization },
    })
    const query = `subscription Watch($id: ID!) { messageAdded(conversationId: $id, after: 0) { number } }`
    for (const extensions of [{}, { authorization }]) {
      const stream = new EventStream((sink) =>
        streams.subscribe({ query, variables: { id: conversationId }, extensions }, sink),
      )
      expect(await stream.failureCodes()).toEqual(['FORBIDDEN'])
    }
    await streams.dispose()
  })

  it('answers what is signed with the secret, and to nobody else who is asking', async () => {
    const { chat } = await startAll()
    const body = JSON.stringify({ query: '{ models { id } }' })
    const response = await fetch(`${chat.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [SIGNATURE_HEADER]: new ServiceSigner(deployment.serviceSecret).sign('/graphql', body, {}),
        'x-user-id': 'usr_01h455vb4pex5vsknk084sn02q',
      },
      body,
    })
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it('still says to everybody how it is', async () => {
    const { auth, chat, gateway } = await startAll()
    for (const { url } of [auth, chat, gateway]) {
      for (const path of ['/health', '/ready']) expect((await fetch(url + path)).status).toBe(200)
    }
    expect(await (await fetch(`${auth.url}/.well-known/jwks.json`)).json()).toMatchObject({ keys: [{ alg: 'ES256' }] })
    expect(await new GraphClient(gateway.url).run('{ me { id } }').catch(String)).toEqual({ me: null })
  })
})
