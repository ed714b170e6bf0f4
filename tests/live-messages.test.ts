import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConversation, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MESSAGES = `subscription Messages($conversationId: ID!, $after: Int) {
  messageAdded(conversationId: $conversationId, after: $after) { number body author { displayName username } }
}`

interface MessageAdded {
  messageAdded: { number: number; body: string; author: { displayName: string; username: string } | null }
}

describe('live messages', () => {
  let graph: TestGraph
  beforeAll(async () => {
    graph = await startTestGraph()
  })
  afterAll(() => graph[Symbol.asyncDispose]())

  it('reach a subscriber with fields of both subgraphs', async () => {
    const [ada, grace] = [await signUp(graph, 'ada'), await signUp(graph, 'grace')]
    const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    const stream = ada.client.subscribe<MessageAdded>(MESSAGES, { conversationId, after: 0 })

    await sendMessage(grace, conversationId, 'Good morning')

    const { messageAdded } = await stream.next()
    expect(messageAdded).toEqual({
      number: 1,
      body: 'Good morning',
      author: { displayName: 'grace', username: grace.username },
    })
  })

  it('are replayed after the number a client has, then go on live, once each and in order', async () => {
    const ada = await signUp(graph)
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    for (const body of ['one', 'two', 'three']) await sendMessage(ada, conversationId, body)

    const stream = ada.client.subscribe<MessageAdded>(MESSAGES, { conversationId, after: 1 })
    const replayed = await stream.take(({ messageAdded }) => messageAdded.number === 3)
    await sendMessage(ada, conversationId, 'four')

    expect([...replayed, await stream.next()].map(({ messageAdded }) => messageAdded.body)).toEqual([
      'two',
      'three',
      'four',
    ])
  })
})
