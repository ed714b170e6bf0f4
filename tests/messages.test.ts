import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConversation, type Person, SEND_MESSAGE, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const MESSAGES = `query Messages($id: ID!, $last: Int = 100) {
  conversation(id: $id) { messages(last: $last) { nodes { id number body clientId author { id } } } }
}`

interface Stored {
  id: string
  number: number
  body: string
  clientId: string | null
  author: { id: string }
}

interface Answer {
  sendMessage: { message: { id: string; body: string } | null; userErrors: { code: string; path: string[] }[] } | null
}

let graph: TestGraph
let ada: Person
let grace: Person
beforeAll(async () => {
  graph = await startTestGraph()
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
})
afterAll(() => graph[Symbol.asyncDispose]())

const group = () => createConversation(ada, { kind: 'GROUP', memberIds: [grace.id] })

async function messagesOf(id: string, reader = ada): Promise<Stored[]> {
  const { conversation } = await reader.client.run<{ conversation: { messages: { nodes: Stored[] } } }>(MESSAGES, {
    id,
  })
  return conversation.messages.nodes
}

const send = async (conversationId: string, body: string, clientId: string = randomUUID()) =>
  (await ada.client.send<Answer>(SEND_MESSAGE, { input: { conversationId, body, clientId } })).data?.sendMessage

describe('a message', () => {
  it.each(['GROUP', 'ASSISTANT'] as const)(
    'sent twenty times at once with one clientId is stored once, with one reply at most (%s)',
    async (kind) => {
      const conversationId = await createConversation(ada, { kind })
      const clientId = randomUUID()
      const sent = await Promise.all(
        Array.from({ length: 20 }, () => sendMessage(ada, conversationId, 'Just once', clientId)),
      )

      expect(new Set(sent.map(({ message, reply }) => `${message.id} ${reply?.id}`)).size).toBe(1)
      expect(await messagesOf(conversationId)).toHaveLength(kind === 'GROUP' ? 1 : 2)
      expect((await sendMessage(ada, conversationId, 'Just once', clientId.toUpperCase())).message).toEqual(
        sent[0]?.message,
      )
    },
  )

  it('with a clientId that its sender used for other words is a conflict', async () => {
    const conversationId = await group()
    const clientId = randomUUID()
    await sendMessage(ada, conversationId, 'The first', clientId)

    expect(await send(conversationId, 'The first ', clientId)).toMatchObject({
      message: null,
      userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', path: ['input', 'clientId'] }],
    })
    expect((await messagesOf(conversationId)).map(({ body }) => body)).toEqual(['The first'])
  })

  it('of one of twenty different bodies with one clientId wins, and the others are conflicts', async () => {
    const conversationId = await group()
    const clientId = randomUUID()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => send(conversationId, `${index}`, clientId)),
    )

    const codes = answers.flatMap((answer) => answer?.userErrors.map(({ code }) => code))
    expect(codes).toEqual(Array(19).fill('IDEMPOTENCY_CONFLICT'))
    expect(await messagesOf(conversationId)).toHaveLength(1)
  })

  it('may carry a clientId that somebody else, or the sender elsewhere, used too', async () => {
    const [one, other] = [await group(), await group()]
    const clientId = randomUUID()
    for (const [person, conversationId] of [
      [ada, one],
      [grace, one],
      [ada, other],
    ] as const) {
      await sendMessage(person, conversationId, `of ${person.username}`, clientId)
    }

    expect([(await messagesOf(one)).length, (await messagesOf(other)).length]).toEqual([2, 1])
  })

  it('shows its clientId to its sender alone', async () => {
    const conversationId = await group()
    const clientId = randomUUID()
    await sendMessage(ada, conversationId, 'Mine', clientId)

    expect((await messagesOf(conversationId)).map((message) => message.clientId)).toEqual([clientId])
    expect((await messagesOf(conversationId, grace)).map((message) => message.clientId)).toEqual([null])
  })

  it('shows its conversation as it is with the message in it', async () => {
    const conversationId = await createConversation(ada)
    const document = `mutation Send($first: SendMessageInput!, $second: SendMessageInput!) {
      first: sendMessage(input: $first) { reply { id conversation { lastMessage { id } cursor } } }
      second: sendMessage(input: $second) { reply { id conversation { lastMessage { id } cursor } } }
    }`
    const input = (body: string) => ({ conversationId, body, clientId: randomUUID() })
    type Payload = { reply: { id: string; conversation: { lastMessage: { id: string }; cursor: string } } }
    const { first, second } = await ada.client.run<{ first: Payload; second: Payload }>(document, {
      first: input('One'),
      second: input('Two'),
    })

    for (const { reply } of [first, second]) expect(reply.conversation.lastMessage.id).toBe(reply.id)
    expect(first.reply.conversation.cursor).not.toBe(second.reply.conversation.cursor)
  })
})

describe('a body', () => {
  let conversationId: string
  beforeAll(async () => {
    conversationId = await group()
  })

  it('is stored and given back code unit by code unit', async () => {
    const tricky = fc.constantFrom(
      '👩‍💻',
      'e\u0301',
      '\u202eשלום',
      '\ufeff',
      '\u0001',
      '\r\n',
      '\u2028',
      "'",
      '\\',
      '?',
      '$1',
      '"',
      '%s',
      '\u007f',
      '𝄞',
    )
    const bodies = fc
      .array(
        fc.oneof(tricky, fc.string({ unit: 'binary', maxLength: 10 }), fc.string({ unit: 'grapheme', maxLength: 10 })),
        { minLength: 1 },
      )
      .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed())
      .filter((body) => body.trim() !== '')
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const { message } = await sendMessage(ada, conversationId, body)
        expect(message.body).toBe(body)
        expect((await messagesOf(conversationId)).at(-1)?.body).toBe(body)
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    ['16,000 letters', 'x'.repeat(16_000)],
    ['8,000 emoji', '👍'.repeat(8_000)],
    ['16,000 ideographs', '漢'.repeat(16_000)],
    ['a byte order mark and a letter', '\ufeffx'],
    ['a dot', '.'],
  ])('may be %s', async (_, body) => {
    expect((await send(conversationId, body))?.message?.body).toBe(body)
  })

  it.each([
    ['too long', 'x'.repeat(16_001)],
    ['too long by one code unit', `${'👍'.repeat(8_000)}x`],
    ['empty', ''],
    ['white space', ' \t\r\n'],
    ['white space beyond ASCII', '\u00a0\u2003\u3000\ufeff'],
    ['with a NUL', 'a\0b'],
    ['half a surrogate pair', '\ud83d'],
    ['with halves in the wrong order', 'a\udc4d\ud83db'],
  ])('may not be %s', async (_, body) => {
    const before = await messagesOf(conversationId)
    expect(await send(conversationId, body)).toMatchObject({
      message: null,
      userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'body'] }],
    })
    expect(await messagesOf(conversationId)).toEqual(before)
  })

  it.each(['', 'not-a-uuid', '0190f3c27a5b7c3d8e4f5a6b7c8d9e0f', '{0190f3c2-7a5b-7c3d-8e4f-5a6b7c8d9e0f}', 1])(
    'cannot be sent with the clientId %j',
    async (clientId) => {
      const input = { conversationId, body: 'x', clientId }
      expect(await ada.client.codesOf(SEND_MESSAGE, { input })).toEqual(['BAD_USER_INPUT'])
    },
  )
})
