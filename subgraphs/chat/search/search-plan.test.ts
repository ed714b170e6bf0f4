import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCursor, readPageRequest } from '../../../platform/connection.ts'
import { newUuid } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { channelStatement } from './channel-list.ts'
import { indexStatement, newestStatement } from './message-search.ts'
import type { Sql } from './sql.ts'

/** Enough that reading all of them is never the cheapest. */
const MESSAGES = 20_000

describe('the plan of a search', () => {
  let chat: ChatFixture
  let conversationId: string
  beforeAll(async () => {
    chat = await openChatFixture()
    const conversation = await chat.converse('GROUP')
    conversationId = conversation.id
    await chat.say(conversation, 'We tried qwen3.6 in 北京 и Ереване 👍')
    await chat.fork().execute(
      `INSERT INTO chat.message (conversation_id, number, id, role, body)
       SELECT ?, 1 + number, gen_random_uuid(), 'USER',
              md5(number::text) || CASE number % 2 WHEN 0 THEN ' ещё слово' ELSE '' END
       FROM generate_series(1, ?) AS number`,
      [conversation.id, MESSAGES],
    )
    await chat.fork().execute('ANALYZE chat.message')
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function planOf({ text, values }: Sql): Promise<string> {
    const rows = await chat.fork().execute<Record<string, string>[]>(`EXPLAIN ${text}`, [...values])
    return rows.flatMap((row) => Object.values(row)).join('\n')
  }
  const planOfSearch = (words: string[]) =>
    planOf(indexStatement({ words, conversationId: null, viewerId: chat.viewerId }, readPageRequest({})))

  it.each([
    ['message_by_ascii', ['qwen']],
    ['message_by_ascii', ['qwen3.6']],
    ['message_by_ascii', ['qw']],
    ['message_by_ascii', ['WÉN', 'we']],
    ['message_by_ascii', ['w', 'qwen']],
    ['message_by_grams', ['北京']],
    ['message_by_grams', ['京']],
    ['message_by_grams', ['Ерев']],
    ['message_by_grams', ['👍']],
    ['message_by_grams', ['и', 'Ереване']],
  ])('uses %s for %j', async (index, words) => {
    expect(await planOfSearch(words)).toContain(`Index Scan on ${index}`)
  })

  it('asks no index of words that none can tell apart', async () => {
    expect(await planOfSearch(['q', '?!'])).not.toMatch(/message_by_(ascii|grams)/)
  })

  it.each([
    ['everywhere', () => null],
    ['in one conversation', () => conversationId],
  ])('looks through the newest messages %s in the order of an index', async (_where, named) => {
    const search = { words: ['word'], conversationId: named(), viewerId: chat.viewerId }
    const after = encodeCursor('found-message', [new Date().toISOString(), newUuid()])
    for (const page of [{}, { after }]) {
      const plan = await planOf(newestStatement(search, readPageRequest(page)))
      expect(plan).toMatch(/Index (Only )?Scan Backward using message_newest_here/)
    }
  })

  it('reads channels in the order of their index', async () => {
    await chat.fork().execute(
      `INSERT INTO chat.conversation (id, kind, title, epoch, member_count)
       SELECT gen_random_uuid(), 'CHANNEL', md5(number::text), gen_random_uuid(), 0 FROM generate_series(1, 2000) number`,
    )
    await chat.fork().execute('ANALYZE chat.conversation')
    const after = encodeCursor('channel', ['a title', newUuid()])
    for (const page of [{ first: 10 }, { first: 10, after }]) {
      const plan = await planOf(channelStatement(null, readPageRequest(page)))
      expect(plan).toContain('Index Scan using channel_by_title')
      expect(plan).not.toContain('Sort')
    }
  })
})
