import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { codeOf } from './testing/searching.ts'

const LIST = `query ($first: Int, $after: Cursor, $query: String) {
  channels(first: $first, after: $after, query: $query) {
    nodes { id title topic viewerRole memberCount lastMessage { body } }
    pageInfo { hasNextPage endCursor }
  }
}`
/** In the order in which the list has them. */
const TITLES = ['Alpha', 'ångström', 'beta', 'Zeta 100%', 'Ärger und Äpfel', 'Привет', '東京']
  .map((title) => ({
    title,
    key: title
      .normalize('NFD')
      .replace(/[\u0300-\u036F]/gu, '')
      .toLowerCase(),
  }))
  .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  .map(({ title }) => title)

describe('the list of channels', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
    for (const title of TITLES.toReversed()) await chat.converse('CHANNEL', { title, topic: `All about ${title}` })
    await chat.converse('GROUP', { title: 'Alpha, but closed' })
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function list(args: Record<string, unknown> = {}, userId = newUuid()) {
    const { data, errors } = await chat.run(userId, LIST, args)
    const page = (data as { channels: ChannelPage | null }).channels
    return { page, titles: page?.nodes.map(({ title }) => title), code: codeOf(errors) }
  }
  interface ChannelPage {
    nodes: { id: string; title: string | null; viewerRole: string | null }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }

  it('holds all channels and nothing else in the order of their titles, whoever asks', async () => {
    expect((await list()).titles).toEqual(TITLES)
    const { page } = await list({}, chat.viewerId)
    expect(page?.nodes.map(({ viewerRole }) => viewerRole)).toEqual(TITLES.map(() => 'OWNER'))
  })

  it('is whole when it is read page by page, also while channels are added', async () => {
    const read: (string | null)[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { page } = await list({ first: 2, after })
      if (!page) throw new Error('There is no page.')
      read.push(...page.nodes.map(({ title }) => title))
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
      if (read.length === 2) await chat.converse('CHANNEL', { title: 'Aardvarks' })
    }
    expect(read).toEqual(TITLES)
    await chat.fork().execute(`UPDATE chat.conversation SET deleted_at = now() WHERE title = 'Aardvarks'`)
    expect((await list()).titles).toEqual(TITLES)
  })

  it('keeps channels of one title apart', async () => {
    const twins = await Promise.all(['twin', 'Twin', 'TWIN'].map((title) => chat.converse('CHANNEL', { title })))
    const ids: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { page } = await list({ first: 1, after, query: 'twin' })
      ids.push(...(page?.nodes ?? []).map(({ id }) => id))
      after = page?.pageInfo.endCursor ?? null
      more = page?.pageInfo.hasNextPage ?? false
    }
    expect(ids).toEqual(twins.map(({ id }) => encodeId('cnv', id)).toSorted())
    await chat.fork().execute(`UPDATE chat.conversation SET deleted_at = now() WHERE lower(title) = 'twin'`)
  })

  it.each([
    ['ALPH', ['Alpha']],
    ['angstrom', ['ångström']],
    ['äpfel', ['Ärger und Äpfel']],
    ['r und a', ['Ärger und Äpfel']],
    ['about b', ['beta']],
    ['привЕТ', ['Привет']],
    ['京', ['東京']],
    ['0%', ['Zeta 100%']],
    ['0_', []],
    ['  beta ', ['beta']],
    ['nothing of this kind', []],
  ])('holds for the query %j only those that have it in title or topic', async (query, titles) => {
    expect((await list({ query })).titles).toEqual(titles)
  })

  it.each([
    ['an empty query', { query: '' }],
    ['a query of 201 characters', { query: 'x'.repeat(201) }],
    ['a NUL in the query', { query: 'a\0' }],
    ['half a surrogate pair', { query: '\uDC00' }],
    ['a page of none', { first: 0 }],
    ['a page of 101', { first: 101 }],
    ['a cursor that is none', { after: 'nonsense' }],
    ['a cursor of another list', { after: cursor(['conversation', ['a', newUuid()]]) }],
    ['a cursor with a NUL', { after: cursor(['channel', ['a\0', newUuid()]]) }],
    ['a cursor with another id', { after: cursor(['channel', ['a', 'b']]) }],
  ])('is refused with %s', async (_what, args) => {
    expect(await list(args)).toMatchObject({ page: null, code: 'BAD_USER_INPUT' })
  })

  it('takes titles that grow much when they are folded', async () => {
    const title = '\uFDFA'.repeat(200)
    const { id } = await chat.converse('CHANNEL', { title })
    expect((await list({ query: title.slice(0, 100) })).titles).toEqual([title])
    await chat.fork().execute('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', [id])
  })

  it('takes as many SQL statements for many channels as for few', async () => {
    const few = await chat.statementsOf(async () => expect((await list({ first: 2 })).titles).toHaveLength(2))
    const many = await chat.statementsOf(async () => expect((await list()).titles).toHaveLength(TITLES.length))
    expect(few.length).toBeGreaterThan(1)
    expect(many.length, many.join('\n')).toBe(few.length)
  })
})

function cursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
