import type { ExecutionResult } from 'graphql'
import { createClient, type Sink } from 'graphql-sse'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MultipartClient } from '../gateway/testing/multipart-client.ts'
import type { ConversationEvent, ReplyEvent } from './support/chat-streams.ts'
import { isEnded, textOf } from './support/chat-streams.ts'
import { make } from './support/conversation-changes.ts'
import { EventStream } from './support/event-stream.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { type ScriptedModel, startScriptedModel } from './support/scripted-model.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MESSAGES = `subscription Messages($conversationId: ID!, $after: Int) {
  messageAdded(conversationId: $conversationId, after: $after) { number body author { username } }
}`
const EVENTS = `subscription Events($conversationId: ID!) {
  conversationEvents(conversationId: $conversationId) {
    __typename
    ... on AccessRevoked { reason }
  }
}`
const REPLY = `subscription Reply($messageId: ID!) {
  replyStream(messageId: $messageId) {
    __typename
    attempt
    ... on ReplyText { offset text }
    ... on ReplyRestarted { keepOffset }
    ... on ReplyEnded { status }
  }
}`

interface Messages {
  readonly messageAdded: { number: number; body: string; author: { username: string } }
}

/** Opens a subscription as somebody. */
type Subscribe = <Data>(person: Person, query: string, variables: Record<string, unknown>) => EventStream<Data>

const headersOf = ({ tokens }: Person) => ({ authorization: `Bearer ${tokens.accessToken}` })

let model: ScriptedModel
let graph: TestGraph
let ada: Person
let grace: Person
const streams: EventStream<unknown>[] = []

beforeAll(async () => {
  model = await startScriptedModel()
  graph = await startTestGraph({ environment: { OPENAI_BASE_URL: model.baseUrl, OPENAI_MODELS: 'scripted' } })
})
afterAll(async () => {
  for (const stream of streams) stream.unsubscribe()
  await graph[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})
beforeEach(async () => {
  ;[ada, grace] = await Promise.all([signUp(graph, 'ada'), signUp(graph, 'grace')])
})

const overEvents: Subscribe = <Data>(person: Person, query: string, variables: Record<string, unknown>) => {
  const client = createClient({ url: person.client.endpoint, headers: headersOf(person), retryAttempts: 0 })
  return new EventStream<Data>((sink) =>
    client.subscribe<Data>({ query, variables }, sink as Sink<ExecutionResult<Data>>),
  )
}

const overMultipart: Subscribe = <Data>(person: Person, query: string, variables: Record<string, unknown>) =>
  new EventStream<Data>((sink) => {
    const opening = MultipartClient.subscribe(person.client.endpoint, { query, variables }, headersOf(person))
    const read = async () => {
      const client = await opening
      for (let part = await client.next(); part; part = await client.next()) sink.next(part.payload as { data: Data })
      sink.complete()
    }
    read().catch((error: unknown) => sink.error(error))
    return () =>
      void opening.then(
        (client) => client.leave(),
        // Who was refused has nothing to leave, and has been told why.
        () => {},
      )
  })

describe.each([
  ['server-sent events', overEvents],
  ['a multipart body', overMultipart],
])('over %s', (_, subscribe) => {
  const open: Subscribe = <Data>(...asked: Parameters<Subscribe>) => {
    const stream = subscribe<Data>(...asked)
    streams.push(stream)
    return stream
  }
  const group = () => createConversation(ada, { kind: 'GROUP', title: 'The place', memberIds: [grace.id] })

  it('messages arrive, each with who wrote it', async () => {
    const conversationId = await group()
    const stream = open<Messages>(grace, MESSAGES, { conversationId, after: 0 })
    for (const [number, person] of [ada, grace, ada].entries()) {
      await sendMessage(person, conversationId, `Message ${number}`)
      const { username } = person
      expect(await stream.next()).toEqual({
        messageAdded: { number: number + 1, body: `Message ${number}`, author: { username } },
      })
    }
  })

  it('a reply arrives as it grows', async () => {
    const gate = Promise.withResolvers<void>()
    model.answerWith(async (answer) => {
      answer.say('Once upon')
      await gate.promise
      answer.say(' a time, 👩‍💻').finish()
    })
    const { reply } = await sendMessage(ada, await createConversation(ada), 'A story, please')
    const stream = open<{ replyStream: ReplyEvent }>(ada, REPLY, { messageId: reply?.id })
    const told: ReplyEvent[] = []
    while (textOf(told) !== 'Once upon') told.push((await stream.next()).replyStream)
    gate.resolve()
    const rest = await stream.take(({ replyStream }) => isEnded(replyStream))
    told.push(...rest.map(({ replyStream }) => replyStream))
    expect(textOf(told)).toBe('Once upon a time, 👩‍💻')
    await stream.completion()
  })

  it('signing out ends the streams of the session', async () => {
    const conversationId = await group()
    const [stream, other] = [grace, ada].map((person) => open<Messages>(person, MESSAGES, { conversationId, after: 0 }))
    await sendMessage(ada, conversationId, 'Before')
    await Promise.all([stream?.next(), other?.next()])
    await grace.client.run('mutation { signOut { signedOut } }')
    expect(await stream?.failureCodes()).toEqual(['UNAUTHENTICATED'])
    await stream?.completion()
    await sendMessage(ada, conversationId, 'After')
    expect(await other?.next()).toMatchObject({ messageAdded: { body: 'After' } })
  })

  it('the streams of a removed member end', async () => {
    const conversationId = await group()
    const messages = open<Messages>(grace, MESSAGES, { conversationId, after: 0 })
    const events = open<{ conversationEvents: ConversationEvent }>(grace, EVENTS, { conversationId })
    await events.take(({ conversationEvents }) => conversationEvents.__typename === 'CaughtUp')
    await sendMessage(ada, conversationId, 'Before')
    await messages.next()
    expect(await events.next()).toMatchObject({ conversationEvents: { __typename: 'MessageAdded' } })
    await make(ada, 'removeMember', { conversationId, userId: grace.id })
    await sendMessage(ada, conversationId, 'After')
    expect(await messages.failureCodes()).toEqual(['NOT_FOUND'])
    await messages.completion()
    expect(await events.next()).toEqual({
      conversationEvents: { __typename: 'AccessRevoked', reason: 'You are no longer a member of this conversation.' },
    })
    await events.completion()
    const stranger = open(grace, MESSAGES, { conversationId })
    expect(await stranger.failureCodes()).toEqual(['NOT_FOUND'])
  })
})
