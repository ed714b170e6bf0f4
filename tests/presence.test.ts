import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../platform/event-bus/memory-event-bus.ts'
import { decodeId } from '../platform/ids.ts'
import { rowsOf } from './support/database-content.ts'
import type { EventStream } from './support/event-stream.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, PASSWORD, type Person, sendMessage, signUp } from './support/people.ts'
import { TestClock } from './support/test-clock.ts'
import { createTestDatabase } from './support/test-database.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

interface Presence {
  readonly status: 'ONLINE' | 'AWAY' | 'OFFLINE'
  readonly lastSeenAt: string | null
}

const PRESENCE = `subscription Presence($userIds: [ID!]!) {
  presence(userIds: $userIds) { userId presence { status lastSeenAt } }
}`

const clock = new TestClock('running')
const bus = new MemoryEventBus()
let database: Awaited<ReturnType<typeof createTestDatabase>>
/** Two graphs with a chat process each, on one database and one bus, as two replicas are. */
let graph: TestGraph
let replica: TestGraph
let ada: Person
let grace: Person
beforeAll(async () => {
  database = await createTestDatabase()
  const options = {
    databaseUrl: database.url,
    clock,
    overrides: { bus, chat: { presenceTimes: { tickEveryMs: 10, snapshotEveryMs: 50 } } },
  }
  graph = await startTestGraph(options)
  replica = await startTestGraph(options)
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
})
afterAll(async () => {
  await replica[Symbol.asyncDispose]()
  await graph[Symbol.asyncDispose]()
  await bus[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  clock[Symbol.dispose]()
})

/** Somebody's client at the other replica. */
const elsewhere = (person: Person) => new GraphClient(replica.url, person.tokens.accessToken)

/** Somebody's presence, as this client sees it. */
async function presenceOf(person: Person, client: GraphClient): Promise<Presence | null> {
  const { user } = await client.run<{ user: { presence: Presence | null } }>(
    'query Presence($id: ID!) { user(id: $id) { presence { status lastSeenAt } } }',
    { id: person.id },
  )
  return user.presence
}

const statusOf = async (person: Person, client: GraphClient) => (await presenceOf(person, client))?.status

/** Opens a tab: one subscription of some kind. */
async function openTab(person: Person, client = person.client): Promise<EventStream<unknown>> {
  const conversationId = await createConversation(person, { kind: 'GROUP' })
  const tab = client.follow(`subscription { conversationEvents(conversationId: "${conversationId}") { cursor } }`)
  await tab.next()
  return tab
}

async function storedLastSeen(person: Person): Promise<Date[]> {
  const statement = `SELECT seen_at FROM chat.last_seen WHERE user_id = '${decodeId('usr', person.id)}'`
  return (await rowsOf<{ seen_at: Date }>(database.url, statement)).map(({ seen_at }) => seen_at)
}

describe('presence', () => {
  it('of who was never here is OFFLINE; of who uses the graph without a stream too', async () => {
    expect(await presenceOf(ada, grace.client)).toEqual({ status: 'OFFLINE', lastSeenAt: null })
    expect(await presenceOf(ada, ada.client)).toEqual({ status: 'OFFLINE', lastSeenAt: null })
  })

  it('counts the tabs at all replicas, and is stored once the last has closed', async () => {
    const [tab, otherTab] = [await openTab(ada), await openTab(ada, elsewhere(ada))]
    expect(await statusOf(ada, grace.client)).toBe('ONLINE')
    await expect.poll(() => statusOf(ada, elsewhere(grace))).toBe('ONLINE')

    tab.unsubscribe()
    clock.advance(20_000)
    expect(await statusOf(ada, grace.client)).toBe('ONLINE')
    expect(await storedLastSeen(ada)).toEqual([])

    otherTab.unsubscribe()
    await expect
      .poll(async () => {
        clock.advance(250)
        return statusOf(ada, grace.client)
      })
      .toBe('OFFLINE')
    await expect.poll(() => storedLastSeen(ada)).toHaveLength(1)
    const [seenAt] = await storedLastSeen(ada)
    expect(await presenceOf(ada, grace.client)).toEqual({ status: 'OFFLINE', lastSeenAt: seenAt?.toISOString() })
    expect(await presenceOf(ada, elsewhere(grace))).toEqual({ status: 'OFFLINE', lastSeenAt: seenAt?.toISOString() })
  })

  it('is AWAY after five minutes, until they do something anywhere', async () => {
    const tab = await openTab(ada)
    clock.advance(5 * 60_000)
    expect(await statusOf(ada, grace.client)).toBe('AWAY')
    await expect.poll(() => statusOf(ada, elsewhere(grace))).toBe('AWAY')

    await elsewhere(ada).run('{ conversations { nodes { id } } }')
    await expect.poll(() => statusOf(ada, grace.client)).toBe('ONLINE')
    tab.unsubscribe()
  })

  it('stands beside whoever wrote a message, together with what auth knows of them', async () => {
    const tab = await openTab(ada)
    const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    await sendMessage(ada, conversationId, 'Here I am')
    const { conversation } = await grace.client.run<{ conversation: unknown }>(
      `query Talk($id: ID!) {
        conversation(id: $id) { lastMessage { author { username presence { status } } } }
      }`,
      { id: conversationId },
    )
    expect(conversation).toEqual({
      lastMessage: { author: { username: ada.username, presence: { status: 'ONLINE' } } },
    })
    tab.unsubscribe()
  })

  it('is null to who is not signed in', async () => {
    // Signing up is the one thing that shows a user to who has no token.
    const username = `nobody-${randomUUID().slice(0, 8)}`
    const { signUp } = await new GraphClient(graph.url).run<{ signUp: { user: unknown } }>(
      `mutation SignUp($input: SignUpInput!) { signUp(input: $input) { user { username presence { status } } } }`,
      { input: { email: `${username}@example.org`, username, displayName: 'Nobody', password: PASSWORD } },
    )
    expect(signUp.user).toEqual({ username, presence: null })
  })
})

describe('the subscription to presence', () => {
  it('begins with everybody as they are, then tells who comes and goes at any replica', async () => {
    const [alan, mary] = [await signUp(graph, 'alan'), await signUp(graph, 'mary')]
    const stream = grace.client.follow<{ userId: string; presence: Presence }>(PRESENCE, {
      userIds: [alan.id, mary.id, alan.id],
    })
    const first = [await stream.next(), await stream.next()]
    expect(first.map(({ userId, presence }) => [userId, presence.status]).toSorted()).toEqual(
      [alan, mary].map(({ id }) => [id, 'OFFLINE']).toSorted(),
    )

    const tab = await openTab(mary, elsewhere(mary))
    expect(await stream.next()).toMatchObject({ userId: mary.id, presence: { status: 'ONLINE' } })
    tab.unsubscribe()
    await replicaHasClosed(mary)
    const gone = await stream.next()
    expect(gone).toMatchObject({ userId: mary.id, presence: { status: 'OFFLINE' } })
    expect(gone.presence.lastSeenAt).toMatch(/^\d{4}-\d\d-\d\dT/)
    stream.unsubscribe()
  })

  it('keeps its own viewer here', async () => {
    const stream = grace.client.follow<{ presence: Presence }>(PRESENCE, { userIds: [grace.id] })
    expect(await stream.take(({ presence }) => presence.status === 'ONLINE')).not.toEqual([])
    stream.unsubscribe()
  })

  it.each([
    ['nobody', () => []],
    ['what is no user’s id', () => [ada.id, 'ada']],
    ['a conversation', () => ['cnv_01h455vb4pex5vsknk084sn02q']],
  ])('is refused for %s', async (_, userIds) => {
    expect(await grace.client.follow(PRESENCE, { userIds: userIds() }).failureCodes()).toEqual(['BAD_USER_INPUT'])
  })

  it('is refused to who is not signed in', async () => {
    const codes = await new GraphClient(graph.url).follow(PRESENCE, { userIds: [ada.id] }).failureCodes()
    expect(codes).toEqual(['UNAUTHENTICATED'])
  })
})

/** Lets the time pass until somebody's last stream has been closed for three seconds. */
async function replicaHasClosed(person: Person): Promise<void> {
  await expect
    .poll(async () => {
      clock.advance(250)
      return statusOf(person, elsewhere(ada))
    })
    .toBe('OFFLINE')
}
