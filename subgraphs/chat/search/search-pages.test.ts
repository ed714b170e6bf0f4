import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { type SearchArguments, search } from './testing/searching.ts'

describe('the pages of a search', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** All pages, one after the other. */
  async function pages(args: SearchArguments, between: () => Promise<unknown> = async () => undefined) {
    const read: string[][] = []
    for (let after: string | null = null, more = true; more; ) {
      const { page } = await search(chat, chat.viewerId, { ...args, after })
      if (!page) throw new Error('There is no page.')
      expect(page.pageInfo.hasPreviousPage).toBe(after !== null)
      read.push(page.nodes.map(({ body }) => body))
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
      await between()
    }
    return read
  }

  it('hold the newest first and neither skip nor repeat anything while messages arrive', async () => {
    const [one, other] = [await chat.converse('GROUP'), await chat.converse('GROUP')]
    const bodies = Array.from({ length: 11 }, (_, index) => `pebble ${index}`)
    for (const [index, body] of bodies.entries()) await chat.say(index % 2 === 0 ? one : other, body)

    const read = await pages({ query: 'pebble', first: 3 }, () => chat.say(one, 'one pebble more'))
    expect(read.map((page) => page.length)).toEqual([3, 3, 3, 2])
    expect(read.flat()).toEqual(bodies.toReversed())
  })

  it('keep apart what was said in one millisecond', async () => {
    const conversation = await chat.converse('GROUP')
    for (let index = 0; index < 7; index += 1) await chat.say(conversation, `grain ${index}`)
    await chat
      .fork()
      .execute(`UPDATE chat.message SET created_at = '2030-01-01T00:00:00.123Z' WHERE body LIKE 'grain %'`)
    const read = await pages({ query: 'grain', first: 2 })
    expect(read.flat().toSorted()).toEqual(Array.from({ length: 7 }, (_, index) => `grain ${index}`))
  })

  it('go on where the newest messages hold nothing', async () => {
    const conversation = await chat.converse('GROUP')
    for (let index = 0; index < 3; index += 1) await chat.say(conversation, `fossil ${index}`)
    await chat.fork().execute(
      `INSERT INTO chat.message (conversation_id, number, id, role, body)
       SELECT ?, 3 + number, gen_random_uuid(), 'USER', 'sand' FROM generate_series(1, 2500) AS number`,
      [conversation.id],
    )
    await chat.say(await chat.converse('GROUP'), 'fossil 3')
    const read = await pages({ query: 'fossil', first: 2 })
    expect(read).toEqual([
      ['fossil 3', 'fossil 2'],
      ['fossil 1', 'fossil 0'],
    ])
    expect(await pages({ query: 'fossil', first: 2, conversationId: encodeId('cnv', conversation.id) })).toEqual([
      ['fossil 2', 'fossil 1'],
      ['fossil 0'],
    ])
  })

  it('are empty where nothing is found', async () => {
    const { page } = await search(chat, chat.viewerId, { query: 'nothing-of-this-kind' })
    expect(page).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, endCursor: null },
    })
  })

  it('take as many SQL statements for twenty conversations as for two', async () => {
    const say = async (count: number) => {
      for (let index = 0; index < count; index += 1) await chat.say(await chat.converse('GROUP'), 'a countable word')
    }
    const found = `query { searchMessages(query: "countable") { nodes {
      id body author { id } conversation { id title viewerRole lastMessage { body } } } } }`
    const run = async (count: number) =>
      expect(await chat.run(chat.viewerId, found)).toMatchObject({
        data: { searchMessages: { nodes: Array.from({ length: count }, () => ({ body: 'a countable word' })) } },
      })
    await say(2)
    const few = await chat.statementsOf(() => run(2))
    await say(18)
    const many = await chat.statementsOf(() => run(20))
    expect(few.length).toBeGreaterThan(1)
    expect(many.length, many.join('\n')).toBe(few.length)
  })
})
