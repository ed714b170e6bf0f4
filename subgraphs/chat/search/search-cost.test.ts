import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCursor, type PageRequest, readPageRequest } from '../../../platform/connection.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { indexStatement, type MessageSearch, newestStatement } from './message-search.ts'
import type { Sql } from './sql.ts'
import { search } from './testing/searching.ts'

/** In the viewer's conversation, which nobody else is in. */
const MESSAGES = 20_000
/** Of the word itself: it is folded while the statement is planned. */
const FOLDS_OF_THE_QUERY = 100

describe('the cost of a search', () => {
  let chat: ChatFixture
  let busy: Conversation
  const outsiderId = newUuid()
  beforeAll(async () => {
    chat = await openChatFixture()
    const quiet = await chat.converse('GROUP', { memberIds: [encodeId('usr', outsiderId)] })
    for (let index = 0; index < 3; index += 1) await chat.say(quiet, `что-то сегодня ${index}`)
    busy = await chat.converse('GROUP')
    await chat.say(busy, 'the oldest here: q сегодня')
    await chat.fork().execute(
      `INSERT INTO chat.message (conversation_id, number, id, role, body, created_at)
       SELECT ?, 1 + number, gen_random_uuid(), 'USER',
              CASE number % 10 WHEN 0 THEN 'ещё слово сегодня' ELSE 'one more word' END, now() + number * interval '1 ms'
       FROM generate_series(1, ?) AS number`,
      [busy.id, MESSAGES],
    )
    await chat.fork().execute('VACUUM ANALYZE chat.message')
    await chat.fork().execute('ANALYZE chat.member, chat.conversation')
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** How many texts beyond ASCII the statement folds, and how many rows it finds. */
  async function costOf({ text, values }: Sql) {
    return await chat.fork().transactional(async (em) => {
      await em.execute(`SET LOCAL track_functions = 'pl'`)
      const rows = await em.execute(text, [...values])
      const [calls] = await em.execute<{ folds: number }[]>(
        `SELECT coalesce(sum(calls), 0)::int AS folds FROM pg_stat_xact_user_functions WHERE funcname = 'fold_unicode'`,
      )
      return { found: rows.length, folds: calls?.folds }
    })
  }
  const page = readPageRequest({})
  const asOutsider = (...words: string[]): MessageSearch => ({ words, conversationId: null, viewerId: outsiderId })

  it.each<[string, string, (search: MessageSearch, page: PageRequest) => Sql]>([
    ['сегодня', 'among the newest messages', newestStatement],
    ['сегодня', 'by an index', indexStatement],
    ['ещё', 'by an index', indexStatement],
    ['!?', 'by no index', indexStatement],
  ])('for %s %s does not grow with what others say', async (word, _how, statement) => {
    const { found, folds } = await costOf(statement(asOutsider(word), page))
    expect(found).toBe(word === 'сегодня' ? 3 : 0)
    expect(folds).toBeLessThan(FOLDS_OF_THE_QUERY)
  })

  it('is that of the newest messages alone for who can read no more than these', async () => {
    const statementsFor = (userId: string) =>
      chat.statementsOf(async () => {
        expect(await search(chat, userId, { query: 'nothing of this kind' })).toMatchObject({ bodies: [] })
      })
    const [few, many] = [await statementsFor(outsiderId), await statementsFor(chat.viewerId)]
    expect(many.length, many.join('\n')).toBe(few.length + 1)
  })

  it('is bounded for words that no index knows: 10,000 messages of the viewer’s are looked through', async () => {
    expect(await search(chat, outsiderId, { query: 'г' })).toMatchObject({ bodies: { length: 3 } })

    const conversationId = encodeId('cnv', busy.id)
    for (const query of ['q', 'q :']) {
      for (const args of [{ query }, { query, conversationId }]) {
        expect(await search(chat, chat.viewerId, args)).toMatchObject({
          page: { nodes: [], pageInfo: { hasNextPage: false } },
        })
      }
    }
    expect(await search(chat, chat.viewerId, { query: 'q here', conversationId })).toMatchObject({
      bodies: ['the oldest here: q сегодня'],
    })
  })

  it('counts what is looked through from the page’s cursor', async () => {
    const [row] = await chat
      .fork()
      .execute<{ created_at: Date; id: string }[]>(
        'SELECT created_at, id FROM chat.message WHERE conversation_id = ? AND number = 10000',
        [busy.id],
      )
    if (!row) throw new Error('There is no such message.')
    const after = encodeCursor('found-message', [new Date(row.created_at).toISOString(), row.id])
    expect(await search(chat, chat.viewerId, { query: 'q', after })).toMatchObject({
      bodies: ['the oldest here: q сегодня'],
    })
  })

  it('is bounded in time: what takes too long ends in an error that says what to do', async () => {
    await chat.fork().transactional(async (em) => {
      await em.execute('LOCK TABLE chat.message IN ACCESS EXCLUSIVE MODE')
      const { page, code, errors } = await search(chat, chat.viewerId, { query: 'сегодня' })
      expect({ page, code }).toEqual({ page: null, code: 'OPERATION_TOO_EXPENSIVE' })
      expect(errors?.[0]?.message).toContain('add a longer or rarer word')
    })
    expect(await search(chat, chat.viewerId, { query: 'сегодня', first: 1 })).toMatchObject({ errors: undefined })
  })
})
