import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConversation, type Person, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

describe('a wrong value', () => {
  let graph: TestGraph
  let ada: Person
  let conversationId: string
  beforeAll(async () => {
    graph = await startTestGraph()
    ada = await signUp(graph)
    conversationId = await createConversation(ada)
  })
  afterAll(() => graph[Symbol.asyncDispose]())

  it.each([
    ['messageAdded($a: Int)', 'messageAdded(conversationId: $id, after: $a) { number }', 'Int', '1'],
    [
      'conversationEvents($a: Cursor)',
      'conversationEvents(conversationId: $id, after: $a) { __typename }',
      'Cursor',
      { a: 1 },
    ],
  ])('in a variable of a subscription, %s, is BAD_USER_INPUT', async (_, field, type, value) => {
    const stream = ada.client.subscribe(`subscription S($id: ID!, $a: ${type}) { ${field} }`, {
      id: conversationId,
      a: value,
    })
    expect(await stream.failureCodes()).toEqual(['BAD_USER_INPUT'])
  })
})
