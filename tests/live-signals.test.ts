import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decodeId } from '../platform/ids.ts'
import { type ConversationEvent, conversationEvents } from './support/chat-streams.ts'
import { make } from './support/conversation-changes.ts'
import type { EventStream } from './support/event-stream.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

let graph: TestGraph
let ada: Person
let grace: Person
let typingHoldsMs = 60_000
beforeAll(async () => {
  const signalTimes = {
    get typingHoldsMs() {
      return typingHoldsMs
    },
    repeatAfterMs: 0,
  }
  graph = await startTestGraph({ overrides: { chat: { signalTimes } } })
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
})
afterAll(() => graph[Symbol.asyncDispose]())

const isTyping = (person: Person, isTyping: boolean) => ({
  __typename: 'TypingChanged',
  cursor: null,
  userId: person.id,
  isTyping,
})

describe('beside the log of a conversation', () => {
  let conversationId: string
  let stream: EventStream<ConversationEvent>
  beforeEach(async () => {
    typingHoldsMs = 60_000
    conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    stream = conversationEvents(grace, conversationId, { includeReplyText: false })
    await stream.next()
    return () => stream.unsubscribe()
  })

  const type = (person: Person, isTyping = true) => make(person, 'setTyping', { conversationId, isTyping })

  it('everybody learns who types and who has ceased, their own other tabs included', async () => {
    const own = conversationEvents(ada, conversationId)
    await own.next()
    const told = async () => [await stream.next(), await own.next()]
    await type(ada)
    await type(ada)
    expect(await told()).toEqual(Array(2).fill(isTyping(ada, true)))
    await type(grace)
    expect(await told()).toEqual(Array(2).fill(isTyping(grace, true)))
    await type(ada, false)
    expect(await told()).toEqual(Array(2).fill(isTyping(ada, false)))
    own.unsubscribe()
  })

  it('who joins learns who types already', async () => {
    await type(ada)
    await stream.next()
    const late = conversationEvents(grace, conversationId)
    expect([await late.next(), await late.next()]).toMatchObject([{ __typename: 'CaughtUp' }, isTyping(ada, true)])
    late.unsubscribe()
  })

  it('typing ceases by itself', async () => {
    // Long enough for the beginning to be told before the end: of both together only the end would be.
    typingHoldsMs = 2_000
    // The conversation is a new one to the process, so that its times are the new ones.
    const other = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    const events = conversationEvents(grace, other)
    await events.next()
    await make(ada, 'setTyping', { conversationId: other, isTyping: true })
    expect(await events.next()).toEqual(isTyping(ada, true))
    expect(await events.next()).toEqual(isTyping(ada, false))
    events.unsubscribe()
  })

  it('typing ceases with the message', async () => {
    await type(ada)
    expect(await stream.next()).toEqual(isTyping(ada, true))
    await sendMessage(ada, conversationId, 'There it is')
    const events = await stream.take(({ __typename }) => __typename === 'TypingChanged')
    expect(events.at(-1)).toEqual(isTyping(ada, false))
  })

  it('typing ceases with the membership', async () => {
    const own = conversationEvents(ada, conversationId)
    await own.next()
    await type(grace)
    expect(await own.next()).toEqual(isTyping(grace, true))
    await make(ada, 'removeMember', { conversationId, userId: grace.id })
    // One comes from the log and the other over the bus alone, which promise nothing of each other.
    const events = [await own.next(), await own.next()]
    const byName = events.toSorted((one, other) => (one.__typename < other.__typename ? -1 : 1))
    expect(byName).toMatchObject([{ __typename: 'MemberRemoved', userId: grace.id }, isTyping(grace, false)])
    own.unsubscribe()
  })

  it('everybody learns how far somebody has read', async () => {
    await sendMessage(ada, conversationId, 'One')
    await sendMessage(ada, conversationId, 'Two')
    await make(grace, 'markRead', { conversationId, upTo: 1 })
    const events = await stream.take((event) => event.userId === grace.id)
    expect(events.at(-1)).toEqual({ __typename: 'ReadMarkerMoved', cursor: null, userId: grace.id, upTo: 1 })
  })

  it('nothing is kept of a conversation that nobody follows', async () => {
    await graph.listeners.until(`signals/${decodeId('cnv', conversationId)}`, 1)
    stream.unsubscribe()
    await graph.listeners.until(`signals/${decodeId('cnv', conversationId)}`, 0)
  })
})
