import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ConversationEvent, conversationEvents, DURABLE_KINDS, textOf, untilText } from './support/chat-streams.ts'
import { make } from './support/conversation-changes.ts'
import type { EventStream } from './support/event-stream.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { seedTurns } from './support/seed-talk.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let model: ScriptedModel
let graph: TestGraph
let ada: Person
let caughtUpAfterMs = 15_000
beforeAll(async () => {
  model = await startScriptedModel()
  graph = await startTestGraph({
    environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' },
    overrides: { chat: { caughtUpAfterMs: () => caughtUpAfterMs, sweepEveryMs: 20 } },
  })
  ada = await signUp(graph, 'ada')
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})

const isCaughtUp = ({ __typename }: ConversationEvent) => __typename === 'CaughtUp'
const finishes = (count: number) => (event: ConversationEvent) => event.__typename === 'ReplyFinished' && --count === 0
const isDurable = ({ __typename }: ConversationEvent) => /^(MessageAdded|ReplyStarted|ReplyFinished)$/.test(__typename)
const kindsOf = (events: ConversationEvent[]) => events.map(({ __typename }) => __typename)
/** What identifies a durable event: bodies are as they are now, and so may have grown. */
const traceOf = (events: ConversationEvent[]) =>
  events.filter(isDurable).map(({ __typename, cursor, message }) => [__typename, cursor, message?.id, message?.number])

/** A conversation in which `turns` questions were asked and answered, and its whole log. */
async function talk(turns: number): Promise<{ conversationId: string; log: ConversationEvent[] }> {
  const conversationId = await createConversation(ada)
  const stream = conversationEvents(ada, conversationId)
  expect(await stream.next()).toMatchObject({ __typename: 'CaughtUp' })
  for (let turn = 1; turn <= turns; turn += 1) await sendMessage(ada, conversationId, `Question ${turn}`)
  const log = turns > 0 ? await stream.take(finishes(turns)) : []
  stream.unsubscribe()
  return { conversationId, log: log.filter(isDurable) }
}

async function headOf(conversationId: string): Promise<string> {
  const { conversation } = await ada.client.run<{ conversation: { cursor: string } }>(
    'query Head($id: ID!) { conversation(id: $id) { cursor } }',
    { id: conversationId },
  )
  return conversation.cursor
}

describe('the events of a conversation', () => {
  it('begin with CaughtUp at the head, then tell a turn from question to answer', async () => {
    const conversationId = await createConversation(ada)
    const stream = conversationEvents(ada, conversationId)
    expect(await stream.next()).toEqual({ __typename: 'CaughtUp', cursor: await headOf(conversationId) })

    const { message, reply } = await sendMessage(ada, conversationId, 'Hello?')
    const events = await stream.take(finishes(1))
    expect(events.filter(isDurable)).toMatchObject([
      { __typename: 'MessageAdded', message: { id: message.id, number: 1, body: 'Hello?' } },
      { __typename: 'MessageAdded', message: { id: reply?.id, number: 2 } },
      { __typename: 'ReplyStarted', message: { id: reply?.id } },
      { __typename: 'ReplyFinished', message: { id: reply?.id, body: 'Hello.' }, cursor: await headOf(conversationId) },
    ])
    const texts = events.filter((event) => event.__typename === 'ReplyTextAppended')
    expect(texts).toMatchObject([{ cursor: null, messageId: reply?.id, attempt: 1, offset: 0, text: 'Hello.' }])
  })

  it('carry cursors of which no two are alike', async () => {
    const { log } = await talk(5)
    expect(kindsOf(log)).toHaveLength(20)
    expect(new Set(log.map(({ cursor }) => cursor)).size).toBe(20)
  })

  it('resume after any cursor with exactly the rest, then CaughtUp at the head', async () => {
    const { conversationId, log } = await talk(3)
    for (const [index, { cursor }] of log.entries()) {
      const stream = conversationEvents(ada, conversationId, { after: cursor ?? '' })
      const replayed = await stream.take(isCaughtUp)
      stream.unsubscribe()
      expect(traceOf(replayed)).toEqual(traceOf(log.slice(index + 1)))
      expect(replayed.at(-1)?.cursor).toBe(log.at(-1)?.cursor)
    }
  })

  it('lose and repeat nothing when a client resumes at random places of a talk that goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }), async (steps) => {
        const conversationId = await createConversation(ada)
        let cursor = await headOf(conversationId)
        const whole = conversationEvents(ada, conversationId)
        await whole.next()
        const asking = Promise.all(
          Array.from({ length: 5 }, (_, n) => sendMessage(ada, conversationId, `Question ${n}`)),
        )

        const pieced: ConversationEvent[] = []
        for (const step of [...steps, Number.POSITIVE_INFINITY]) {
          const stream = conversationEvents(ada, conversationId, { after: cursor })
          for (let taken = 0; taken < step && pieced.length < 20; ) {
            const event = await stream.next()
            if (!isDurable(event)) continue
            taken += 1
            pieced.push(event)
            cursor = event.cursor ?? cursor
          }
          stream.unsubscribe()
        }
        await asking
        const log = (await whole.take(finishes(5))).filter(isDurable)
        whole.unsubscribe()
        expect(traceOf(pieced)).toEqual(traceOf(log))
      }),
      { numRuns: 8 },
    )
  })

  it('leave the text of replies out when it is not wanted', async () => {
    const conversationId = await createConversation(ada)
    const stream = conversationEvents(ada, conversationId, { includeReplyText: false })
    await stream.take(isCaughtUp)
    await sendMessage(ada, conversationId, 'Hello?')
    const kinds = kindsOf(await stream.take(finishes(1)))

    expect(kinds).toEqual(['MessageAdded', 'MessageAdded', 'ReplyStarted', 'ReplyFinished'])
  })
})

describe('everything that can happen', () => {
  let conversationId: string
  let start: string
  let log: ConversationEvent[]
  /** The message, grace and barbara. */
  let told: string[]
  beforeAll(async () => {
    const [grace, barbara] = [await signUp(graph, 'grace'), await signUp(graph, 'barbara')]
    model.answerWith((answer) => answer.say('Hello.').finish())
    conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    start = await headOf(conversationId)
    const stream = conversationEvents(grace, conversationId)
    await stream.next()
    const { message } = await sendMessage(ada, conversationId, 'Hello')
    await make(ada, 'editMessage', { messageId: message.id, body: 'Hello!' })
    await make(grace, 'addReaction', { messageId: message.id, emoji: '👋' })
    await make(grace, 'setTyping', { conversationId, isTyping: true })
    await make(ada, 'addMembers', { conversationId, userIds: [barbara.id] })
    await make(ada, 'setMemberRole', { conversationId, userId: barbara.id, role: 'ADMIN' })
    await make(ada, 'removeMember', { conversationId, userId: barbara.id })
    await make(ada, 'updateConversation', { conversationId, title: 'Everything' })
    await make(grace, 'markRead', { conversationId, upTo: 1 })
    await sendMessage(ada, conversationId, '@assistant, are you there?')
    const events = await stream.take(finishes(1))
    await make(ada, 'deleteMessage', { messageId: message.id })
    log = [...events, ...(await stream.take(({ __typename }) => __typename === 'MessageDeleted'))]
    stream.unsubscribe()
    told = [message.id, grace.id, barbara.id]
  })
  const isLogged = ({ __typename }: ConversationEvent) => DURABLE_KINDS.some((kind) => kind === __typename)

  it('is told once and in order, each with a cursor of its own', async () => {
    const [messageId, , barbara] = told
    const durable = log.filter(isLogged)
    expect(durable).toMatchObject([
      { __typename: 'MessageAdded', message: { id: messageId, number: 1 } },
      { __typename: 'MessageEdited', message: { id: messageId, body: 'Hello!' } },
      { __typename: 'ReactionsChanged', message: { id: messageId } },
      { __typename: 'MemberAdded', user: { id: barbara }, role: 'MEMBER' },
      { __typename: 'MemberRoleChanged', user: { id: barbara }, role: 'ADMIN' },
      { __typename: 'MemberRemoved', userId: barbara },
      { __typename: 'ConversationUpdated', conversation: { id: conversationId, title: 'Everything' } },
      { __typename: 'MessageAdded', message: { number: 2 } },
      { __typename: 'MessageAdded', message: { number: 3 } },
      { __typename: 'ReplyStarted', message: { number: 3 } },
      { __typename: 'ReplyFinished', message: { number: 3, body: 'Hello.' } },
      { __typename: 'MessageDeleted', messageId, number: 1 },
    ])
    expect(new Set(durable.map(({ cursor }) => cursor)).size).toBe(durable.length)
    expect(durable.every(({ cursor }) => cursor !== null)).toBe(true)
  })

  it('is told beside the log without a cursor', () => {
    const ephemeral = log.filter((event) => !isLogged(event))
    const [, grace] = told
    expect(new Set(kindsOf(ephemeral))).toEqual(new Set(['TypingChanged', 'ReadMarkerMoved', 'ReplyTextAppended']))
    expect(ephemeral.every(({ cursor }) => cursor === null)).toBe(true)
    expect(ephemeral).toContainEqual({ __typename: 'TypingChanged', cursor: null, userId: grace, isTyping: true })
  })

  it('is told again to who resumes in the middle, exactly from there', async () => {
    const durable = log.filter(isLogged)
    const identity = ({ __typename, cursor }: ConversationEvent) => [__typename, cursor]
    for (const [index, after] of [start, ...durable.map(({ cursor }) => cursor ?? '')].entries()) {
      const stream = conversationEvents(ada, conversationId, { after, includeReplyText: false })
      const replayed = await stream.take(isCaughtUp)
      stream.unsubscribe()
      expect(replayed.slice(0, -1).map(identity)).toEqual(durable.slice(index).map(identity))
      expect(replayed.at(-1)?.cursor).toBe(durable.at(-1)?.cursor)
    }
  })
})

describe('a cursor', () => {
  let conversationId: string
  let first: string
  beforeAll(async () => {
    conversationId = await createConversation(ada)
    first = await headOf(conversationId)
    // 250 turns make 1,000 events.
    await seedTurns(graph.databaseUrl, conversationId, 250)
  })

  it('that is exactly 1,000 events behind brings every one of them before CaughtUp', async () => {
    const events = await conversationEvents(ada, conversationId, { after: first }).take(isCaughtUp)

    expect(traceOf(events)).toHaveLength(1_000)
    expect(new Set(traceOf(events).map(([, cursor]) => cursor)).size).toBe(1_000)
    expect(events.at(-1)?.cursor).toBe(await headOf(conversationId))
  })

  const refused = {
    'is garbage': () => 'garbage',
    'is empty': () => '',
    'is of another list': () => Buffer.from(JSON.stringify(['message', 1])).toString('base64url'),
    'is of another conversation': async () => headOf(await createConversation(ada)),
    'lies beyond the head': () => beyond(first),
    'is more than 1,000 events behind': async () => {
      await sendMessage(ada, conversationId, 'One more')
      return first
    },
  }
  it.each(Object.entries(refused))(
    'that %s yields Reset at the head, and the stream goes on live',
    async (_, cursor) => {
      const stream = conversationEvents(ada, conversationId, { after: await cursor(), includeReplyText: false })
      const [reset] = await stream.take(() => true)
      expect(reset).toMatchObject({ __typename: 'Reset', reason: expect.stringMatching(/^The cursor /) })

      const { message } = await sendMessage(ada, conversationId, 'Live')
      const live = await stream.take((event) => event.message?.id === message.id)
      expect(kindsOf(live)).not.toContain('Reset')
      const replayed = await conversationEvents(ada, conversationId, { after: reset?.cursor ?? '' }).take(isCaughtUp)
      expect(traceOf(replayed).map(([, , id]) => id)).toContain(message.id)
      await finished(stream, message.number + 1)
    },
  )
})

/** Waits for the reply with this number, so that the next test finds a quiet log. */
async function finished(stream: EventStream<ConversationEvent>, number: number): Promise<void> {
  await stream.take((event) => event.__typename === 'ReplyFinished' && event.message?.number === number)
  stream.unsubscribe()
}

function beyond(cursor: string): string {
  const [kind, [epoch]] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  return Buffer.from(JSON.stringify([kind, [epoch, 100_000]])).toString('base64url')
}

/** Other processes say so after fifteen seconds and more, which nobody can tell them to shorten. */
describe.skipIf(inject('separateProcesses'))('a stream in which nothing happens', () => {
  it('says CaughtUp again and again, with the head’s cursor', async () => {
    caughtUpAfterMs = 30
    const { conversationId, log } = await talk(1)
    const stream = conversationEvents(ada, conversationId)
    const said = [await stream.next(), await stream.next(), await stream.next()]
    caughtUpAfterMs = 15_000

    expect(said).toEqual(Array(3).fill({ __typename: 'CaughtUp', cursor: log.at(-1)?.cursor }))
    stream.unsubscribe()
  })

  it('says so too while the assistant is silent in the middle of a reply', async () => {
    const gate = Promise.withResolvers<void>()
    model.answerWith(async (answer) => {
      answer.say('Let me think')
      await gate.promise
      answer.finish()
    })
    caughtUpAfterMs = 200
    const conversationId = await createConversation(ada)
    const stream = conversationEvents(ada, conversationId)
    await stream.next()
    await sendMessage(ada, conversationId, 'Hello?')
    await stream.take(({ __typename }) => __typename === 'ReplyTextAppended')

    expect(await stream.next()).toMatchObject({ __typename: 'CaughtUp' })
    caughtUpAfterMs = 15_000
    gate.resolve()
    await stream.take(finishes(1))
    stream.unsubscribe()
  })
})

describe('who joins in the middle of a reply', () => {
  it.each(['from now on', 'from an earlier cursor'])(
    '%s gets the text so far at offset 0, then the rest',
    async (how) => {
      const gate = Promise.withResolvers<void>()
      model.answerWith(async (answer) => {
        answer.say('Once upon ').say('a ').say('time')
        await gate.promise
        answer.say(' there was').finish()
      })
      const conversationId = await createConversation(ada)
      const start = await headOf(conversationId)
      const early = conversationEvents(ada, conversationId)
      await early.next()
      await sendMessage(ada, conversationId, 'Tell me a story')
      await untilText(early, 'Once upon a time')

      const late = conversationEvents(ada, conversationId, how === 'from now on' ? {} : { after: start })
      const joined = await late.take(({ __typename }) => __typename === 'ReplyTextAppended')
      expect(joined.at(-1)).toMatchObject({ cursor: null, attempt: 1, offset: 0, text: 'Once upon a time' })
      expect(kindsOf(joined)).toEqual(
        how === 'from now on'
          ? ['CaughtUp', 'ReplyTextAppended']
          : ['MessageAdded', 'MessageAdded', 'ReplyStarted', 'CaughtUp', 'ReplyTextAppended'],
      )
      gate.resolve()
      const rest = await late.take(finishes(1))
      expect(textOf([...joined, ...rest])).toBe('Once upon a time there was')
      expect(rest.at(-1)?.message?.body).toBe('Once upon a time there was')
    },
  )
})
