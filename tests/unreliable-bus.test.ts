import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventBus } from '../platform/event-bus/event-bus.ts'
import { MemoryEventBus } from '../platform/event-bus/memory-event-bus.ts'
import { SilentBus } from './support/buses.ts'
import { conversationEvents, textOf, watchReply } from './support/chat-streams.ts'
import { HostileBus } from './support/hostile-bus.ts'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MESSAGES = `subscription Messages($conversationId: ID!) {
  messageAdded(conversationId: $conversationId, after: 0) { number body }
}`

const buses: [string, () => EventBus][] = [
  ['loses every ring', () => new SilentBus()],
  [
    'doubles and reorders all rings',
    () => new HostileBus(new MemoryEventBus(), { seed: 1, lossRate: 0, doublingRate: 1 }),
  ],
]

describe.each(buses)('over a bus that %s', (_, makeBus) => {
  let graph: TestGraph
  let ada: Person
  let grace: Person
  beforeAll(async () => {
    graph = await startTestGraph({ overrides: { bus: makeBus(), chat: { sweepEveryMs: 30 } } })
    ada = await signUp(graph, 'ada')
    grace = await signUp(graph, 'grace')
  })
  afterAll(() => graph[Symbol.asyncDispose]())

  it('every message arrives once and in order', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    const streams = [ada, grace].map(({ client }) =>
      client.follow<{ number: number; body: string }>(MESSAGES, { conversationId }),
    )
    const sending = [ada, grace].map(async (person) => {
      for (let count = 0; count < 15; count += 1) await sendMessage(person, conversationId, `${count}`)
    })
    const received = await Promise.all(streams.map((stream) => stream.take(({ number }) => number === 30)))
    await Promise.all(sending)

    for (const messages of received) {
      expect(messages.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
    }
  })

  it('a reply is written, and reaches who follows it and who follows its conversation', async () => {
    const conversationId = await createConversation(ada)
    const events = conversationEvents(ada, conversationId)
    // It is live from CaughtUp on.
    await events.next()
    const { reply } = await sendMessage(ada, conversationId, 'Count to 20')
    const steps = await watchReply(ada, reply?.id ?? '')
    const told = await events.take(({ __typename }) => __typename === 'ReplyFinished')

    const { body } = steps.at(-1)?.message ?? {}
    expect(body).toContain('19, 20.')
    expect([textOf(steps), textOf(told), told.at(-1)?.message?.body]).toEqual([body, body, body])
    const durable = told.filter(({ cursor, __typename }) => cursor !== null && __typename !== 'CaughtUp')
    expect(durable.map(({ __typename, message }) => `${__typename} ${message?.number}`)).toEqual([
      'MessageAdded 1',
      'MessageAdded 2',
      'ReplyStarted 2',
      'ReplyFinished 2',
    ])
  })
})
