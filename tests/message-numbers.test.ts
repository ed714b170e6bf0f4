import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConversation, type Person, SEND_MESSAGE, sendMessage, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const PAGE = `query Page($id: ID!, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  conversation(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { number } }
      nodes { number }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`

interface Page {
  edges: { cursor: string; node: { number: number } }[]
  nodes: { number: number }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

let graph: TestGraph
let ada: Person
beforeAll(async () => {
  graph = await startTestGraph()
  ada = await signUp(graph, 'ada')
})
afterAll(() => graph[Symbol.asyncDispose]())

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

async function page(id: string, args: Record<string, unknown> = {}): Promise<Page> {
  const { conversation } = await ada.client.run<{ conversation: { messages: Page } }>(PAGE, { id, ...args })
  return conversation.messages
}
const numbersOf = ({ nodes }: Page) => nodes.map(({ number }) => number)

describe('the numbers of messages and events', () => {
  it('have no gap after fifty senders at once, of whom some fail and some repeat themselves', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    const repeated = Array.from({ length: 5 }, () => randomUUID())
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const clientId = index % 2 === 0 ? randomUUID() : repeated[index % 5]
        const body = index % 7 === 0 ? '' : index % 3 === 0 ? '@assistant, hello' : 'Hello'
        const { data } = await ada.client.send<{
          sendMessage: { message: { id: string } | null; reply: object | null }
        }>(SEND_MESSAGE, { input: { conversationId, body, clientId } })
        return data?.sendMessage
      }),
    )
    const stored = new Set(outcomes.flatMap((outcome) => outcome?.message?.id ?? []))
    const replies = new Map(outcomes.map((outcome) => [outcome?.message?.id, outcome?.reply]))
    replies.delete(undefined)
    const asked = [...replies.values()].filter(Boolean).length

    const numbers = numbersOf(await page(conversationId, { first: 100 }))
    expect(numbers).toEqual(upTo(stored.size + asked))
    expect(stored.size).toBeLessThan(43)
  })

  it('have no gap in the database either, also where transactions were rolled back', async () => {
    const conversationId = await createConversation(ada, { kind: 'GROUP' })
    const clientId = randomUUID()
    await Promise.all(Array.from({ length: 30 }, () => sendMessage(ada, conversationId, 'Only once', clientId)))
    await sendMessage(ada, conversationId, 'And on')

    const client = new pg.Client({ connectionString: graph.databaseUrl })
    await client.connect()
    try {
      const broken = await client.query(
        `SELECT c.id FROM chat.conversation c
         LEFT JOIN LATERAL (SELECT count(*), max(number) FROM chat.message WHERE conversation_id = c.id) m ON true
         LEFT JOIN LATERAL (SELECT count(*), max(seq) FROM chat.conversation_event WHERE conversation_id = c.id) e ON true
         WHERE m.count <> c.message_count OR coalesce(m.max, 0) <> c.message_count
            OR e.count <> c.event_seq OR coalesce(e.max, 0) <> c.event_seq`,
      )
      expect(broken.rows).toEqual([])
    } finally {
      await client.end()
    }
    expect(numbersOf(await page(conversationId))).toEqual([1, 2])
  })
})

describe('pages of messages', () => {
  let conversationId: string
  beforeAll(async () => {
    conversationId = await createConversation(ada, { kind: 'GROUP' })
    for (const number of upTo(60)) await sendMessage(ada, conversationId, `${number}`)
  })

  it('hold the first fifty when nothing is asked for', async () => {
    const { pageInfo, ...asked } = await page(conversationId)
    expect(asked.nodes).toEqual(asked.edges.map(({ node }) => node))
    expect(numbersOf(asked as Page)).toEqual(upTo(50))
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: asked.edges[0]?.cursor,
      endCursor: asked.edges.at(-1)?.cursor,
    })
  })

  it('lie exactly beyond the cursor of any edge', async () => {
    const { edges } = await page(conversationId, { first: 60 })
    for (const { cursor, node } of [edges[0], edges[31], edges[59]].filter((edge) => edge !== undefined)) {
      const [after, before] = [
        await page(conversationId, { after: cursor, first: 100 }),
        await page(conversationId, { before: cursor, last: 100 }),
      ]
      expect(numbersOf(before)).toEqual(upTo(node.number - 1))
      expect(numbersOf(after)).toEqual(upTo(60).slice(node.number))
    }
  })

  it('neither skip nor repeat while messages arrive, forward and backward, whatever the page sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (sizes, forward) => {
          const id = await createConversation(ada, { kind: 'GROUP' })
          for (const number of upTo(12)) await sendMessage(ada, id, `${number}`)
          const seen: number[] = []
          let cursor: string | null = null
          for (let turn = 0, more = true; more; turn += 1) {
            const size = sizes[turn % sizes.length]
            const asked = await page(id, forward ? { first: size, after: cursor } : { last: size, before: cursor })
            if (forward) seen.push(...numbersOf(asked))
            else seen.unshift(...numbersOf(asked))
            cursor = forward ? asked.pageInfo.endCursor : asked.pageInfo.startCursor
            more = forward ? asked.pageInfo.hasNextPage : asked.pageInfo.hasPreviousPage
            if (turn < 6) await sendMessage(ada, id, 'Meanwhile')
          }
          const count = (await page(id, { first: 100 })).nodes.length
          expect(seen).toEqual(upTo(forward ? count : 12).slice(0, seen.length))
          expect(seen.length).toBeGreaterThanOrEqual(12)
        },
      ),
      { numRuns: 8 },
    )
  })

  it('are empty, without cursors, in an empty conversation and beyond its end', async () => {
    const empty = { edges: [], nodes: [], pageInfo: { startCursor: null, endCursor: null, hasNextPage: false } }
    expect(await page(await createConversation(ada))).toMatchObject({ ...empty, pageInfo: { hasPreviousPage: false } })
    const { pageInfo } = await page(conversationId, { last: 1 })
    expect(await page(conversationId, { first: 1, after: pageInfo.endCursor })).toMatchObject(empty)
  })

  const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it.each([
    ['no page size', { first: 0 }],
    ['a page size of 101', { first: 101 }],
    ['a negative page size', { last: -5 }],
    ['two directions', { first: 1, last: 1 }],
    ['a garbage cursor', { after: 'garbage' }],
    ['another list’s cursor', { before: cursorOf(['member', ['2026-01-01T00:00:00.000Z', 'x']]) }],
    ['a cursor with a number beyond all', { after: cursorOf(['message', 2 ** 31]) }],
    ['a cursor with half a number', { before: cursorOf(['message', 1.5]) }],
    ['a cursor with a number in words', { after: cursorOf(['message', '1; DROP TABLE chat.message']) }],
  ])('are refused for %s', async (_, args) => {
    expect(await ada.client.codesOf(PAGE, { id: conversationId, ...args })).toEqual(['BAD_USER_INPUT'])
  })
})
