import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { mutationDocument } from '../../../tests/support/mutations.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { find, search } from './testing/searching.ts'

describe('a search', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  it('covers the conversations that the viewer is a member of, and no others', async () => {
    const memberId = newUuid()
    const shared = await chat.converse('GROUP', { memberIds: [encodeId('usr', memberId)] })
    await chat.say(shared, 'a shared treasure')
    await chat.say(await chat.converse('GROUP'), 'a private treasure')
    await chat.say(await chat.converse('CHANNEL', { title: 'Treasures' }), 'a public treasure')

    expect(await find(chat, chat.viewerId, 'treasure')).toHaveLength(3)
    expect(await find(chat, memberId, 'treasure')).toEqual(['a shared treasure'])
    expect(await find(chat, newUuid(), 'treasure')).toEqual([])
  })

  it('of one conversation stays in it', async () => {
    const [one, other] = [await chat.converse('GROUP'), await chat.converse('GROUP')]
    await chat.say(one, 'a marble here')
    await chat.say(other, 'a marble there')
    expect(await find(chat, chat.viewerId, 'marble', one)).toEqual(['a marble here'])
  })

  it('of one conversation is NOT_FOUND to a stranger, and a CHANNEL is open to everybody', async () => {
    const [group, channel] = [await chat.converse('GROUP'), await chat.converse('CHANNEL', { title: 'Open' })]
    await chat.say(group, 'a closed word')
    await chat.say(channel, 'an open word')
    const stranger = newUuid()
    const conversationId = encodeId('cnv', group.id)

    expect(await search(chat, stranger, { query: 'word', conversationId })).toMatchObject({
      page: null,
      code: 'NOT_FOUND',
    })
    expect(await find(chat, stranger, 'word', channel)).toEqual(['an open word'])
    expect(await search(chat, stranger, { query: 'word', conversationId: encodeId('cnv', newUuid()) })).toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('finds nothing any more for who has left', async () => {
    const memberId = newUuid()
    const group = await chat.converse('GROUP', { memberIds: [encodeId('usr', memberId)] })
    await chat.say(group, 'a farewell word')
    expect(await find(chat, memberId, 'farewell')).toEqual(['a farewell word'])

    const leave = mutationDocument('leaveConversation', 'userErrors { code }')
    const input = { conversationId: encodeId('cnv', group.id) }
    expect((await chat.run(memberId, leave, { input })).errors).toBeUndefined()
    expect(await find(chat, memberId, 'farewell')).toEqual([])
    expect(await search(chat, memberId, { query: 'farewell', ...input })).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('finds nothing in a conversation that was deleted', async () => {
    const group = await chat.converse('GROUP')
    await chat.say(group, 'a doomed word')
    const remove = mutationDocument('deleteConversation', 'userErrors { code }')
    const input = { conversationId: encodeId('cnv', group.id) }
    expect((await chat.run(chat.viewerId, remove, { input })).errors).toBeUndefined()
    expect(await find(chat, chat.viewerId, 'doomed')).toEqual([])
  })

  it.each([
    ['an empty query', { query: '' }],
    ['a query of white space', { query: ' \t\n' }],
    ['a query of accents alone', { query: '\u0301\uFE0F' }],
    ['a query of 201 characters', { query: 'x'.repeat(201) }],
    ['eleven words', { query: 'a b c d e f g h i j k' }],
    ['a NUL', { query: 'a\0b' }],
    ['another control character', { query: 'a\u0007b' }],
    ['half a surrogate pair', { query: 'a\uD83D' }],
    ['a page of none', { query: 'a', first: 0 }],
    ['a page of 101', { query: 'a', first: 101 }],
    ['a negative page', { query: 'a', first: -1 }],
    ['a cursor that is none', { query: 'a', after: 'nonsense' }],
    ['an empty cursor', { query: 'a', after: '' }],
    ['a cursor of another list', { query: 'a', after: cursor(['message', 1]) }],
    ['a cursor with another moment', { query: 'a', after: cursor(['found-message', ['yesterday', newUuid()]]) }],
    ['a cursor with another id', { query: 'a', after: cursor(['found-message', [new Date().toISOString(), 'x']]) }],
    ['an id that is no conversation’s', { query: 'a', conversationId: encodeId('msg', newUuid()) }],
    ['an id that is malformed', { query: 'a', conversationId: 'cnv_1' }],
  ])('refuses %s', async (_what, args) => {
    expect(await search(chat, chat.viewerId, args)).toMatchObject({ page: null, code: 'BAD_USER_INPUT' })
  })

  it.each(['x'.repeat(200), 'a b c d e f g h i j', 'a A a A a A a A a A a A', '\u0301 a', 'a\u00A0b\u3000c'])(
    'takes the query %j',
    async (query) => {
      expect(await search(chat, chat.viewerId, { query })).toMatchObject({ errors: undefined })
    },
  )
})

function cursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
