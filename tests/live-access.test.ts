import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventBus } from '../platform/event-bus/event-bus.ts'
import { MemoryEventBus } from '../platform/event-bus/memory-event-bus.ts'
import { decodeId, newUuid } from '../platform/ids.ts'
import { SilentBus } from './support/buses.ts'
import { type ConversationEvent, conversationEvents, replyStream } from './support/chat-streams.ts'
import { make } from './support/conversation-changes.ts'
import type { EventStream } from './support/event-stream.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MESSAGES = `subscription Messages($conversationId: ID!) {
  messageAdded(conversationId: $conversationId, after: 0) { number body }
}`

const buses: [string, new () => EventBus][] = [
  ['rings', MemoryEventBus],
  ['loses every ring', SilentBus],
]

describe.each(buses)('over a bus that %s', (_, Bus) => {
  let model: ScriptedModel
  let graph: TestGraph
  let ada: Person
  let grace: Person
  beforeAll(async () => {
    model = await startScriptedModel()
    graph = await startTestGraph({
      environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' },
      overrides: { bus: new Bus(), chat: { sweepEveryMs: 30 } },
    })
    ada = await signUp(graph, 'ada')
    grace = await signUp(graph, 'grace')
  })
  afterAll(async () => {
    await graph[Symbol.asyncDispose]()
    await model[Symbol.asyncDispose]()
  })

  const group = (kind: 'GROUP' | 'CHANNEL' = 'GROUP') =>
    createConversation(ada, { kind, title: 'The place', memberIds: [grace.id] })
  const remove = (conversationId: string) => make(ada, 'removeMember', { conversationId, userId: grace.id })
  const messages = (person: Person, conversationId: string) =>
    person.client.follow<{ number: number; body: string }>(MESSAGES, { conversationId })

  /** Grace's events, from now on. */
  async function eventsOfGrace(conversationId: string): Promise<EventStream<ConversationEvent>> {
    const stream = conversationEvents(grace, conversationId)
    await stream.take(({ __typename }) => __typename === 'CaughtUp')
    return stream
  }

  async function sql(statements: [string, unknown[]][]): Promise<void> {
    const client = new pg.Client({ connectionString: graph.databaseUrl, statement_timeout: 30_000 })
    await client.connect()
    try {
      for (const [statement, values] of statements) await client.query(statement, values)
    } finally {
      await client.end()
    }
  }

  /** The words of the NOT_FOUND that a stream ends with. */
  async function lastWords(stream: EventStream<unknown>): Promise<string | undefined> {
    const { errors } = await stream.nextFrame()
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
    await stream.completion()
    return errors?.[0]?.message
  }

  it('the events of a removed member end with AccessRevoked', async () => {
    const conversationId = await group()
    const stream = await eventsOfGrace(conversationId)
    await sendMessage(ada, conversationId, 'Before')
    expect(await stream.next()).toMatchObject({ __typename: 'MessageAdded', message: { body: 'Before' } })
    await remove(conversationId)
    await sendMessage(ada, conversationId, 'After')

    const reason = 'You are no longer a member of this conversation.'
    expect(await stream.next()).toEqual({ __typename: 'AccessRevoked', cursor: null, reason })
    await expect(stream.next()).rejects.toThrow('completed without another event')
    const stranger = conversationEvents(grace, conversationId)
    expect(await stranger.failureCodes()).toEqual(['NOT_FOUND'])
  })

  it('the messages of a removed member end with NOT_FOUND, in the words that a stranger gets', async () => {
    const conversationId = await group()
    await sendMessage(ada, conversationId, 'Before')
    const stream = messages(grace, conversationId)
    expect(await stream.next()).toMatchObject({ body: 'Before' })
    await remove(conversationId)
    await sendMessage(ada, conversationId, 'After')

    expect(await lastWords(stream)).toBe('No such conversation.')
    const { errors } = await grace.client.send(`{ conversation(id: "${conversationId}") { id } }`)
    expect(errors?.[0]?.message).toBe('No such conversation.')
  })

  it('a growing reply is followed no further by a removed member', async () => {
    const gate = Promise.withResolvers<void>()
    model.answerWith(async (answer) => {
      answer.say('Once upon')
      await gate.promise
      answer.say(' a time').finish()
    })
    const conversationId = await group()
    const events = await eventsOfGrace(conversationId)
    const { reply } = await sendMessage(ada, conversationId, '@assistant, a story')
    const stream = replyStream(grace, reply?.id ?? '')
    expect(await stream.next()).toMatchObject({ __typename: 'ReplyText', text: 'Once upon' })
    await events.take(({ __typename }) => __typename === 'ReplyTextAppended')
    const whole = replyStream(ada, reply?.id ?? '')
    await whole.next()
    await remove(conversationId)
    gate.resolve()
    await whole.take(({ __typename }) => __typename === 'ReplyEnded')

    expect(await lastWords(stream)).toBe('No such message.')
    expect(await events.next()).toMatchObject({ __typename: 'AccessRevoked' })
    await events.completion()
  })

  it('who is added again goes on where they were, past their own removal', async () => {
    const conversationId = await group()
    const stream = await eventsOfGrace(conversationId)
    await sendMessage(ada, conversationId, 'Before')
    const { cursor } = await stream.next()
    stream.unsubscribe()
    await remove(conversationId)
    await sendMessage(ada, conversationId, 'Meanwhile')
    await make(ada, 'addMembers', { conversationId, userIds: [grace.id] })

    const resumed = conversationEvents(grace, conversationId, { after: cursor ?? '' })
    expect(await resumed.take(({ __typename }) => __typename === 'CaughtUp')).toMatchObject([
      { __typename: 'MemberRemoved', userId: grace.id },
      { __typename: 'MessageAdded', message: { body: 'Meanwhile' } },
      { __typename: 'MemberAdded', user: { id: grace.id }, role: 'MEMBER' },
      { __typename: 'CaughtUp' },
    ])
    await sendMessage(ada, conversationId, 'Welcome back')
    expect(await resumed.next()).toMatchObject({ message: { body: 'Welcome back' } })
    resumed.unsubscribe()
  })

  it('who leaves a channel reads on', async () => {
    const conversationId = await group('CHANNEL')
    const [stream, added] = [await eventsOfGrace(conversationId), messages(grace, conversationId)]
    await make(grace, 'leaveConversation', { conversationId })
    await sendMessage(ada, conversationId, 'News')

    expect(await stream.next()).toMatchObject({ __typename: 'MemberRemoved', userId: grace.id })
    expect(await stream.next()).toMatchObject({ __typename: 'MessageAdded', message: { body: 'News' } })
    expect(await added.next()).toMatchObject({ body: 'News' })
    stream.unsubscribe()
    added.unsubscribe()
  })

  it('a deleted conversation ends the streams of everybody', async () => {
    const conversationId = await group('CHANNEL')
    const stranger = await signUp(graph, 'stranger')
    const readers = [ada, grace, stranger]
    const events = readers.map((person) => conversationEvents(person, conversationId))
    for (const stream of events) await stream.next()
    await sendMessage(ada, conversationId, 'The last word')
    const added = readers.map((person) => messages(person, conversationId))
    for (const stream of added) await stream.next()
    for (const stream of events) await stream.next()
    await make(ada, 'deleteConversation', { conversationId })

    for (const stream of events) {
      const [last] = await stream.take(() => true)
      expect(last).toEqual({ __typename: 'ConversationDeleted', cursor: expect.any(String), conversationId })
      await stream.completion()
    }
    for (const stream of added) expect(await lastWords(stream)).toBe('No such conversation.')
  })

  it('a conversation that is gone altogether ends the streams with NOT_FOUND', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    const stream = conversationEvents(ada, conversationId)
    await stream.next()
    const id = [decodeId('cnv', conversationId)]
    await sql([
      ['DELETE FROM chat.member WHERE conversation_id = $1', id],
      ['DELETE FROM chat.conversation WHERE id = $1', id],
    ])
    expect(await lastWords(stream)).toBe('No such conversation.')
  })

  it('an event whose content cannot be loaded says so, and the next ones come', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    const stream = conversationEvents(ada, conversationId)
    await stream.next()
    const id = decodeId('cnv', conversationId)
    await sql([
      [
        `INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
         SELECT $1, event_seq + 1, 'MessageAdded', $2 FROM chat.conversation WHERE id = $1`,
        [id, newUuid()],
      ],
      ['UPDATE chat.conversation SET event_seq = event_seq + 1 WHERE id = $1', [id]],
    ])
    await sendMessage(ada, conversationId, 'Still here')
    expect(await stream.nextFrame()).toMatchObject({ data: null, errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    expect(await stream.next()).toMatchObject({ __typename: 'MessageAdded', message: { body: 'Still here' } })
    stream.unsubscribe()
  })
})
