import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../platform/ids.ts'
import { addText, claimReply, finishReply } from '../assistant/generation/testing/claims.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { find } from './testing/searching.ts'

describe('a search', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** Whether somebody who says only this finds it by the query. */
  async function finds(body: string, query: string): Promise<boolean> {
    const conversation = await chat.converse('GROUP')
    await chat.say(conversation, body)
    const found = await find(chat, chat.viewerId, query, conversation)
    expect(await find(chat, chat.viewerId, query)).toEqual(expect.arrayContaining(found))
    return found.length === 1
  }

  it.each([
    ['a word', 'The model answers', 'model'],
    ['a part of a word', 'We tried qwen3.6 today', 'qwen'],
    ['the middle of a word', 'We tried qwen3.6 today', 'wen3'],
    ['two letters at the beginning', 'We tried qwen3.6 today', 'qw'],
    ['two letters in the middle', 'We tried qwen3.6 today', 'en'],
    ['two letters at the very end', 'We tried qwen', 'en'],
    ['two letters at the end of a word', 'Can you do it?', 'an'],
    ['one letter', 'We tried qwen3.6 today', 'q'],
    ['a short word with signs', 'It is written in C++ and C#', 'c#'],
    ['signs alone', 'What?! No', '?!'],
    ['several words in any order', 'first this, then that', 'THAT first'],
    ['words of one and two letters among others', 'A tale of two cities', 'of a ci tale'],
    ['capitals by small letters', 'ÄÖÜ IN CAPITALS', 'äöü capitals'],
    ['small letters by capitals', 'äöü in small letters', 'ÄÖÜ SMALL'],
    ['accents without them', 'Crème brûlée', 'creme BRULEE'],
    ['no accents by accents', 'Creme brulee', 'crème brûlée'],
    ['decomposed accents by composed ones', 'Cafe\u0301', 'caf\u00E9'],
    ['composed accents by decomposed ones', 'Caf\u00E9', 'CAFE\u0301'],
    ['a sharp s', 'Die Straße', 'STRASSE'],
    ['a final sigma', 'ΟΔΟΣ', 'οδός'],
    ['full-width letters', 'Ｈｅｌｌｏ', 'hello'],
    ['a ligature by its letters', 'o\uFB03ce', 'ffi'],
    ['Cyrillic', 'Привет, мир', 'привет МИР'],
    ['the middle of a Cyrillic word', 'Здравствуйте', 'ВСТВ'],
    ['Arabic', 'مرحبا بالعالم', 'عالم'],
    ['one Chinese character', '我们在北京见面', '京'],
    ['two Chinese characters', '我们在北京见面', '北京'],
    ['many Chinese characters', '我们在北京见面', '在北京见面'],
    ['Latin letters among Chinese ones', '用AI写代码', 'ai'],
    ['Latin and Chinese letters together', '用AI写代码', 'ai写'],
    ['kana', 'こんにちは、ガラス', 'ガラ'],
    ['decomposed kana', 'カ\u3099ラス', 'ガ'],
    ['Hangul', '안녕하세요', '하세'],
    ['Thai', 'สวัสดีครับ', 'ครับ'],
    ['an emoji', 'Well done 👍🏽!', '👍'],
    ['an emoji inside of a word', 'super👍job', '👍job'],
    ['an emoji in another presentation', 'I ❤ it', '❤\uFE0F'],
    ['a percent sign', 'We are 100% sure', '0%'],
    ['an underscore', 'call snake_case()', 'e_c'],
    ['a backslash', 'in C:\\temp', 'C:\\te'],
    ['signs that mean something in patterns', 'a.*b[c](d)^$|{1}', '.*b[c](d)^$|{1}'],
    ['quotes', `it's "so"`, `it's "so"`],
  ])('finds %s', async (_what, body, query) => {
    expect(await finds(body, query)).toBe(true)
  })

  it.each([
    ['any character for an underscore', 'call snakeXcase()', 'e_c'],
    ['anything for a percent sign', 'We are 1000 sure', '1%s'],
    ['a message that lacks one of the words', 'first this', 'first that'],
    ['characters that are not neighbours', '北方的京城', '北京'],
    ['another letter', 'qwen', 'qwem'],
    ['two letters across a space', 'so it', 'oi'],
    ['other signs', 'What?! No', '!?'],
  ])('does not take %s', async (_what, body, query) => {
    expect(await finds(body, query)).toBe(false)
  })

  it('finds by the text that a message has now, not by the one it had', async () => {
    const conversation = await chat.converse('GROUP')
    const { message } = await chat.say(conversation, 'the original wording')
    const edit = 'mutation ($input: EditMessageInput!) { editMessage(input: $input) { userErrors { code } } }'
    const input = { messageId: encodeId('msg', message.id), body: 'the corrected wording' }
    expect(await chat.run(chat.viewerId, edit, { input })).toMatchObject({ data: { editMessage: { userErrors: [] } } })

    expect(await find(chat, chat.viewerId, 'original', conversation)).toEqual([])
    expect(await find(chat, chat.viewerId, 'corrected', conversation)).toEqual(['the corrected wording'])
  })

  it('finds nothing of a deleted message', async () => {
    const conversation = await chat.converse('GROUP')
    const { message } = await chat.say(conversation, 'a regrettable remark 残念')
    expect(await find(chat, chat.viewerId, 'regrettable', conversation)).toHaveLength(1)
    const remove = 'mutation ($input: MessageIdInput!) { deleteMessage(input: $input) { userErrors { code } } }'
    const input = { messageId: encodeId('msg', message.id) }
    expect(await chat.run(chat.viewerId, remove, { input })).toMatchObject({
      data: { deleteMessage: { userErrors: [] } },
    })

    for (const query of ['regrettable', 're', 'a', '残念', '残']) {
      expect(await find(chat, chat.viewerId, query, conversation)).toEqual([])
    }
  })

  it('finds a reply of the assistant once it has ended', async () => {
    const conversation = await chat.converse('ASSISTANT')
    await chat.say(conversation, 'a question')
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    await addText(chat.fork(), claim, { offset: 0, text: 'a thoughtful answer' })
    expect(await find(chat, chat.viewerId, 'thoughtful', conversation)).toEqual([])

    await finishReply(chat.fork(), claim)
    expect(await find(chat, chat.viewerId, 'thoughtful', conversation)).toEqual(['a thoughtful answer'])
  })

  it('takes the longest messages in any script, also where marks are piled on one letter', async () => {
    const conversation = await chat.converse('GROUP')
    const marks = `a${'\u05B0\u0591'.repeat(7_990)}`
    const characters = Array.from({ length: 15_990 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('')
    for (const body of [marks, characters, '\uFDFA'.repeat(16_000), `${'x'.repeat(15_990)} the end`]) {
      await chat.say(conversation, body)
    }
    const end = characters.slice(-3)
    expect(await find(chat, chat.viewerId, end, conversation)).toEqual([characters])
    expect(await find(chat, chat.viewerId, 'the end', conversation)).toHaveLength(1)
  })
})
