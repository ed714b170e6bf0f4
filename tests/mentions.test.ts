import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConversation, type Person, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MENTIONS = 'query ($id: ID!) { message(id: $id) { mentions { id username } } }'

let graph: TestGraph
let ada: Person
let grace: Person
beforeAll(async () => {
  graph = await startTestGraph()
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
})
afterAll(() => graph[Symbol.asyncDispose]())

describe('a mention', () => {
  it('leads to the person whom auth knows by that name', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })
    const { message } = await sendMessage(ada, conversationId, `Hello @${grace.username.toUpperCase()}.`)

    expect(await grace.client.run(MENTIONS, { id: message.id })).toEqual({
      message: { mentions: [{ id: grace.id, username: grace.username }] },
    })
  })
})
