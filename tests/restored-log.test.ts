import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { decodeId } from '../platform/ids.ts'
import { decodeEventCursor, encodeEventCursor } from '../subgraphs/chat/event-log/event-cursor.ts'
import { restoredFrom } from '../subgraphs/chat/event-log/testing/restored-database.ts'
import { type ConversationEvent, conversationEvents } from './support/chat-streams.ts'
import { rowsOf } from './support/database-content.ts'
import type { EventStream } from './support/event-stream.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { seedTurns } from './support/seed-talk.ts'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const FAST = { sweepEveryMs: 20, homeCheckEveryMs: 50, retentionTimes: { everyMs: 50, batchesPerRun: 100 } }

const startGraph = ({ url }: TestDatabase) => startTestGraph({ databaseUrl: url, overrides: { chat: FAST } })

const isCaughtUp = ({ __typename }: ConversationEvent) => __typename === 'CaughtUp'

/** The same person, who asks this graph from now on. */
const at = (graph: TestGraph, person: Person): Person => ({
  ...person,
  client: new GraphClient(graph.url, person.tokens.accessToken),
})

/** Nobody is connected any more, so that the graph need not wait for anybody. */
async function stop(graph: TestGraph, person: Person): Promise<void> {
  await person.client[Symbol.asyncDispose]()
  await graph[Symbol.asyncDispose]()
}

async function headOf({ client }: Person, conversationId: string): Promise<string> {
  const { conversation } = await client.run<{ conversation: { cursor: string } }>(
    'query Head($id: ID!) { conversation(id: $id) { cursor } }',
    { id: conversationId },
  )
  return conversation.cursor
}

/** Expects a stream to say Reset, and then what is said from now on and nothing else. */
async function expectReset(stream: EventStream<ConversationEvent>, person: Person, conversationId: string) {
  const reset = await stream.next()
  expect(reset).toEqual({
    __typename: 'Reset',
    cursor: await headOf(person, conversationId),
    reason: expect.any(String),
  })
  const { message } = await sendMessage(person, conversationId, 'After all')
  const said = await stream.take(({ __typename }) => __typename === 'MessageAdded')
  expect(said.filter((event) => !isCaughtUp(event))).toMatchObject([{ message: { id: message.id } }])
  stream.unsubscribe()
}

describe('a cursor of the time after the backup', () => {
  let original: TestDatabase
  beforeAll(async () => {
    original = await createTestDatabase()
  })
  afterAll(() => original[Symbol.asyncDispose]())

  it('stays good where the database stayed, and is told Reset where the backup was restored', async () => {
    let graph = await startGraph(original)
    const ada = await signUp(graph)
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    for (const body of ['One', 'Two', 'Three']) await sendMessage(ada, conversationId, body)
    const early = await headOf(ada, conversationId)
    await stop(graph, ada)
    await using backup = await restoredFrom(original)

    graph = await startGraph(original)
    const later = at(graph, ada)
    const { message } = await sendMessage(later, conversationId, 'Four, after the backup')
    const stream = conversationEvents(later, conversationId, { after: early })
    expect(await stream.take(isCaughtUp)).toMatchObject([
      { __typename: 'MessageAdded', message: { id: message.id } },
      { __typename: 'CaughtUp' },
    ])
    const cursor = await headOf(later, conversationId)
    await stop(graph, later)

    await using restored = await startGraph(backup)
    const afterwards = at(restored, ada)
    for (const body of ['Another four', 'Five']) await sendMessage(afterwards, conversationId, body)
    for (const after of [early, cursor]) {
      await expectReset(conversationEvents(afterwards, conversationId, { after }), afterwards, conversationId)
    }
    const fresh = await headOf(afterwards, conversationId)
    const resumed = conversationEvents(afterwards, conversationId, { after: fresh })
    expect(await resumed.next()).toMatchObject({ __typename: 'CaughtUp', cursor: fresh })
    await afterwards.client[Symbol.asyncDispose]()
  }, 180_000)
})

/** Where processes of their own prune once a minute, which nobody can tell them to shorten. */
const isSlow = inject('separateProcesses') !== undefined

describe('a running graph', () => {
  let database: TestDatabase
  let graph: TestGraph
  let ada: Person
  beforeAll(async () => {
    database = await createTestDatabase()
    graph = await startGraph(database)
    ada = await signUp(graph)
  })
  afterAll(async () => {
    await stop(graph, ada)
    await database[Symbol.asyncDispose]()
  })

  it('tells open streams Reset when its database turns out to be another', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    await sendMessage(ada, conversationId, 'One')
    const stream = conversationEvents(ada, conversationId)
    await stream.take(isCaughtUp)
    const cursor = await headOf(ada, conversationId)
    await rowsOf(database.url, `UPDATE chat.event_log_home SET identity = identity || '{ "timeline": "00000000" }'`)

    await expectReset(stream, ada, conversationId)
    await expectReset(conversationEvents(ada, conversationId, { after: cursor }), ada, conversationId)
  })

  it('prunes a long log, and replays whole what a cursor may ask for', { skip: isSlow, timeout: 90_000 }, async () => {
    const conversationId = await createConversation(ada)
    await seedTurns(database.url, conversationId, 1_300)
    const floorNow = () =>
      rowsOf(
        database.url,
        `SELECT event_floor AS floor, (SELECT min(seq) FROM chat.conversation_event WHERE conversation_id = id) AS first
         FROM chat.conversation WHERE id = '${decodeId('cnv', conversationId)}'`,
      )
    await expect.poll(floorNow).toEqual([{ floor: 4_000, first: 4_001 }])

    const head = decodeEventCursor(await headOf(ada, conversationId))
    if (!head) throw new Error('The conversation has no cursor.')
    const cursorAt = (seq: number) => encodeEventCursor({ ...head, seq })
    const stream = conversationEvents(ada, conversationId, {
      after: cursorAt(head.seq - 1_000),
      includeReplyText: false,
    })
    const replayed = await stream.take(isCaughtUp)
    stream.unsubscribe()
    expect(replayed.map(({ cursor }) => cursor)).toEqual([
      ...Array.from({ length: 1_000 }, (_, index) => cursorAt(head.seq - 999 + index)),
      cursorAt(head.seq),
    ])
    for (const seq of [0, 3_999, 4_000]) {
      const late = conversationEvents(ada, conversationId, { after: cursorAt(seq) })
      expect(await late.next()).toMatchObject({ __typename: 'Reset', cursor: cursorAt(head.seq) })
      late.unsubscribe()
    }
  })
})
