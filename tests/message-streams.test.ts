import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { replyStream } from './support/chat-streams.ts'
import { GraphClient } from './support/graph-client.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { seedTurns } from './support/seed-talk.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MESSAGES = `subscription Messages($conversationId: ID!, $after: Int) {
  messageAdded(conversationId: $conversationId, after: $after) { number body clientId author { username } }
}`

interface Added {
  readonly number: number
  readonly body: string
  readonly clientId: string | null
  readonly author: { readonly username: string } | null
}

const WATCHES = 'conversation/'

let graph: TestGraph
let people: Person[]
beforeAll(async () => {
  graph = await startTestGraph({ overrides: { chat: { hubLingerMs: 0 } } })
  people = await Promise.all(['ada', 'grace', 'edsger', 'barbara'].map((name) => signUp(graph, name)))
})
afterAll(() => graph[Symbol.asyncDispose]())

const ada = () => people[0] as Person
const group = () => createConversation(ada(), { kind: 'GROUP', memberIds: people.map(({ id }) => id) })
const follow = (person: Person, conversationId: string, after?: number) =>
  person.client.follow<Added>(MESSAGES, { conversationId, after })

describe('a stream of messages', () => {
  it('brings every subscriber every message once and in order, however many write at a time', async () => {
    const conversationId = await group()
    const streams = people.flatMap((person) => [follow(person, conversationId, 0), follow(person, conversationId, 0)])
    const sending = people.map(async (person) => {
      for (let count = 1; count <= 15; count += 1)
        await sendMessage(person, conversationId, `${person.username} ${count}`)
    })
    const received = await Promise.all(streams.map((stream) => stream.take(({ number }) => number === 60)))
    await Promise.all(sending)

    for (const messages of received) {
      expect(messages.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
      expect(messages.map(({ body }) => body)).toEqual(received[0]?.map(({ body }) => body))
      for (const person of people) {
        const own = messages.filter(({ author }) => author?.username === person.username)
        expect(own.map(({ body }) => body)).toEqual(own.map((_, index) => `${person.username} ${index + 1}`))
      }
    }
  })

  it('begins with the next message when no number is given', async () => {
    const conversationId = await group()
    await sendMessage(ada(), conversationId, 'Before')
    const watching = await graph.listeners.count(WATCHES)
    const stream = follow(ada(), conversationId)
    await graph.listeners.until(WATCHES, watching + 1)
    await sendMessage(ada(), conversationId, 'After')

    expect(await stream.next()).toMatchObject({ number: 2, body: 'After' })
  })

  it('shows a clientId to the message’s sender alone', async () => {
    const conversationId = await group()
    const streams = people.map((person) => follow(person, conversationId, 0))
    await sendMessage(ada(), conversationId, 'Mine')
    const seen = await Promise.all(streams.map(async (stream) => (await stream.next()).clientId !== null))

    expect(seen).toEqual([true, false, false, false])
  })
})

describe('the number to begin after', () => {
  let conversationId: string
  beforeAll(async () => {
    conversationId = await group()
    await seedTurns(graph.databaseUrl, conversationId, 501)
  })

  it.each([-1, 1_003, 2_147_483_647])('cannot be %i in a conversation of 1,002 messages', async (after) => {
    expect(await follow(ada(), conversationId, after).failureCodes()).toEqual(['BAD_USER_INPUT'])
  })

  it.each([0, 1])('cannot be %i there, more than 1,000 behind', async (after) => {
    expect(await follow(ada(), conversationId, after).failureCodes()).toEqual(['BAD_USER_INPUT'])
  })

  it('can be exactly 1,000 behind, and every one of them comes', async () => {
    const messages = await follow(ada(), conversationId, 2).take(({ number }) => number === 1_002)
    expect(messages.map(({ number }) => number)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 3))
  })

  it('can be the newest, and the next message comes first', async () => {
    const stream = follow(ada(), conversationId, 1_002)
    await sendMessage(ada(), conversationId, 'The next')
    expect(await stream.next()).toMatchObject({ number: 1_003, body: 'The next' })
  })
})

/** Other processes keep it for half a minute, which nobody can tell them to shorten. */
describe.skipIf(inject('separateProcesses'))('a watch over a conversation', () => {
  it('ends with its subscription, with its socket, and with its reply', async () => {
    const person = await signUp(graph)
    const conversationId = await createConversation(person)
    const before = await graph.listeners.count(WATCHES)
    const { reply } = await sendMessage(person, conversationId, 'Hello')
    await replyStream(person, reply?.id ?? '').completion()
    await graph.listeners.until(WATCHES, before)
    const second = new GraphClient(graph.url, person.tokens.accessToken)
    const elsewhere = await createConversation(person)
    await sendMessage(person, elsewhere, 'Hello')
    const streams = [
      follow(person, conversationId, 0),
      follow(person, conversationId, 0),
      second.follow<Added>(MESSAGES, { conversationId: elsewhere, after: 0 }),
    ]
    await Promise.all(streams.map((stream) => stream.next()))
    await graph.listeners.until(WATCHES, before + 2)

    for (const stream of streams.slice(0, 2)) stream.unsubscribe()
    await graph.listeners.until(WATCHES, before + 1)
    await second[Symbol.asyncDispose]()
    await graph.listeners.until(WATCHES, before)
  })
})
