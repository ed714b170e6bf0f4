import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts'
import { startNats } from '../../platform/testing/nats-server.ts'
import { conversationEvents } from '../support/chat-streams.ts'
import { make } from '../support/conversation-changes.ts'
import { GraphClient } from '../support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from '../support/people.ts'
import { deploymentOn } from '../support/separate-processes.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 120_000 })

const LONG = { timeout: 20_000, interval: 50 }
const PRESENCE = `subscription Presence($userIds: [ID!]!) {
  presence(userIds: $userIds) { userId presence { status } }
}`

let model: DemoModel
let database: TestDatabase
beforeAll(async () => {
  model = await startDemoModel({ pieceDelayMs: 5 })
  database = await createTestDatabase()
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

/** Two chat processes with a gateway each on one NATS: Ada is at the first, Grace at the second. */
async function startTwo(context: TestContext) {
  const nats = await startNats(context)
  const deployment = deploymentOn(database.url, model.baseUrl, nats.url)
  const auth = await deployment.startAuth()
  const chats = [await deployment.startChat(auth), await deployment.startChat(auth)] as const
  const gateways = await Promise.all(chats.map((chat) => deployment.startGateway(auth, chat)))
  const [here, there] = gateways
  if (!here || !there) throw new Error('There are two gateways.')
  const heardBy = async () => (await nats.subscriptions()).filter((count) => count > 0).length
  await expect.poll(heardBy, LONG).toBe(5)
  const ada = await signUp(here, 'ada')
  const someone = await signUp(here, 'grace')
  const grace = { ...someone, client: new GraphClient(there.url, someone.tokens.accessToken) }
  const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
  return { nats, roles: [auth, ...chats, ...gateways], ada, grace, conversationId }
}

async function follow(person: Person, conversationId: string) {
  const stream = conversationEvents(person, conversationId)
  await stream.next()
  return stream
}

describe('two chat processes on one NATS', () => {
  it('bring messages, typing, read markers and presence to each other’s people', async (context) => {
    const { ada, grace, conversationId } = await startTwo(context)
    const [stream, adasStream] = [await follow(grace, conversationId), await follow(ada, conversationId)]

    await make(ada, 'setTyping', { conversationId, isTyping: true })
    expect(await stream.next()).toMatchObject({ __typename: 'TypingChanged', userId: ada.id, isTyping: true })
    await sendMessage(ada, conversationId, 'From there to here')
    const events = [await stream.next(), await stream.next()]
    expect(events.toSorted((one, other) => (one.__typename < other.__typename ? -1 : 1))).toMatchObject([
      { __typename: 'MessageAdded', message: { number: 1, body: 'From there to here' } },
      { __typename: 'TypingChanged', userId: ada.id, isTyping: false },
    ])

    await make(grace, 'markRead', { conversationId, upTo: 1 })
    const marker = await adasStream.take((event) => event.__typename === 'ReadMarkerMoved' && event.userId === grace.id)
    expect(marker.at(-1)).toMatchObject({ upTo: 1 })

    const presence = grace.client.follow<{ presence: { status: string } }>(PRESENCE, { userIds: [ada.id] })
    expect(await presence.next()).toMatchObject({ presence: { status: 'ONLINE' } })
    adasStream.unsubscribe()
    expect(await presence.next()).toMatchObject({ presence: { status: 'OFFLINE' } })
  })

  it('lose no message while NATS is dead, wake each other again when it is back, and stop although it is gone', async (context) => {
    const { nats, roles, ada, grace, conversationId } = await startTwo(context)
    const stream = await follow(grace, conversationId)
    await nats.kill()
    await sendMessage(ada, conversationId, 'Although nobody rings')
    expect(await stream.next()).toMatchObject({
      __typename: 'MessageAdded',
      message: { body: 'Although nobody rings' },
    })

    await nats.start()
    // The same is told again after three seconds at the earliest, so that each try says something else.
    let isTyping = false
    const told = stream.take(({ __typename }) => __typename === 'TypingChanged')
    let hasTold = false
    void told.then(() => {
      hasTold = true
    })
    const type = async () => {
      isTyping = !isTyping
      await make(ada, 'setTyping', { conversationId, isTyping })
      return hasTold
    }
    await expect.poll(type, LONG).toBe(true)
    expect((await told).at(-1)).toMatchObject({ userId: ada.id })

    await nats.kill()
    for (const { launcher } of roles) launcher.kill('SIGTERM')
    for (const role of roles) {
      expect(await role.exitCode()).toBe(0)
      expect(role.stderr()).toBe('')
    }
  })
})
