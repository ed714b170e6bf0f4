import { afterAll, describe, expect, it } from 'vitest'
import { decodeId, encodeId, newUuid } from '../../../platform/ids.ts'
import { ReplyDesk } from '../assistant/control/testing/reply-desk.ts'
import { Prompts } from '../assistant/prompt/prompt.ts'
import { KnownNames } from '../assistant/prompt/testing/known-names.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { Talk } from './testing/talk.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const desk = new ReplyDesk(chat)
const ada = chat.viewerId
const [grace, linus, stranger] = [newUuid(), newUuid(), newUuid()]
const moderator = ['messages:moderate']

const group = () => talk.converse('GROUP', grace, linus)
const tombstone = { body: '', deletedAt: expect.anything(), edits: [], mentions: [] }

describe('a deleted message', () => {
  it('keeps its number and nothing of what it said', async () => {
    const conversation = await group()
    chat.usernames.set('grace', grace)
    const { id } = await talk.say(ada, conversation, 'Secret one, @grace')
    await talk.edit(ada, id, 'Secret two, @grace')
    await talk.say(ada, conversation, 'Next')
    await chat
      .fork()
      .execute('INSERT INTO chat.reaction (conversation_id, number, emoji, user_id) VALUES (?, 1, ?, ?)', [
        conversation.id,
        '👍',
        grace,
      ])
    const { message } = await talk.delete(ada, id)

    expect(message).toMatchObject({ id, number: 1, ...tombstone, viewerCanEdit: false })
    expect(await talk.list(grace, conversation)).toMatchObject([
      { id, ...tombstone },
      { number: 2, body: 'Next' },
    ])
    expect((await talk.events(conversation)).at(-1)).toBe(`MessageDeleted ${id}`)
    for (const table of ['message_edit', 'mention', 'reaction']) {
      expect(
        await chat.fork().execute(`SELECT FROM chat.${table} WHERE conversation_id = ?`, [conversation.id]),
      ).toEqual([])
    }
    const kept = await chat
      .fork()
      .execute('SELECT request_digest FROM chat.message WHERE id = ?', [decodeId('msg', id)])
    expect(kept).toEqual([{ request_digest: null }])
  })

  it('is not deleted again', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Gone')
    const first = await talk.delete(ada, id)
    expect(await talk.delete(ada, id)).toEqual(first)
    expect(await talk.events(conversation)).toEqual([`MessageAdded ${id}`, `MessageDeleted ${id}`])
  })

  it('no longer counts as a reply', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Question')
    const answers = [1, 2].map((index) => talk.say(grace, conversation, `${index}`, { replyToId: id }))
    const [first] = await Promise.all(answers)
    await talk.delete(grace, first?.id ?? '')
    expect((await talk.list(ada, conversation))[0]).toMatchObject({ replyCount: 1 })
  })

  it('is told to no model', async () => {
    const conversation = await chat.converse('ASSISTANT')
    const { question, reply } = await desk.answered(ada, conversation, { body: 'Not so secret' }, 'Secret')
    for (const { id } of [question, reply]) await talk.delete(ada, encodeId('msg', id))
    const next = await desk.ask(ada, conversation, 'Again')

    const prompts = new Prompts({ models: chat.models, contextTokens: 1_000, people: new KnownNames() })
    const { turns } = await prompts.build(chat.fork(), next.reply, { model: 'a-model' })
    expect(turns).toEqual([{ role: 'user', content: 'Again' }])
  })
})

describe('a reply of the assistant', () => {
  it('is deleted by who asked for it, once it has ended, and then says nothing', async () => {
    const conversation = await group()
    const { reply } = await desk.ask(grace, conversation, '@assistant, hello')
    const id = encodeId('msg', reply.id)
    const running = { message: null, userErrors: [{ code: 'REPLY_RUNNING', path: ['input', 'messageId'] }] }

    expect(await talk.delete(grace, id)).toMatchObject(running)
    await desk.end(reply, { body: 'Hello, Grace' })
    expect(await talk.list(grace, conversation)).toMatchObject([{}, { body: 'Hello, Grace', viewerCanDelete: true }])
    expect(await talk.delete(linus, id)).toEqual({ errors: ['FORBIDDEN'] })
    expect((await talk.delete(grace, id)).message).toMatchObject({ id, ...tombstone })
    expect(await talk.list(linus, conversation)).toMatchObject([{}, { body: '', viewerCanDelete: false }])
  })
})

describe('a message is deleted', () => {
  it('by its author and by moderators alone', async () => {
    const conversation = await group()
    const { id } = await talk.say(grace, conversation, 'Mine')

    expect(await talk.delete(ada, id)).toEqual({ errors: ['FORBIDDEN'] })
    expect(await talk.delete(stranger, id)).toEqual({ errors: ['NOT_FOUND'] })
    expect(await talk.delete(stranger, id, ['conversations:moderate'])).toEqual({ errors: ['NOT_FOUND'] })
    expect(await talk.list(ada, conversation)).toMatchObject([{ body: 'Mine', viewerCanDelete: false }])
    expect(await talk.list(grace, conversation)).toMatchObject([{ viewerCanDelete: true }])
    expect(await talk.delete(stranger, id, moderator)).toMatchObject({ message: { id, ...tombstone }, userErrors: [] })
  })

  it('without a lock for who may not', async () => {
    const [closed, channel] = [await group(), await talk.converse('CHANNEL')]
    const [hidden, open] = [await talk.say(ada, closed, 'Here'), await talk.say(ada, channel, 'There')]
    const statements = await chat.statementsOf(async () => {
      expect(await talk.delete(stranger, hidden.id)).toEqual({ errors: ['NOT_FOUND'] })
      expect(await talk.delete(stranger, open.id)).toEqual({ errors: ['FORBIDDEN'] })
    })
    expect(statements.filter((statement) => /FOR NO KEY UPDATE/.test(statement))).toEqual([])
  })

  it('by no author who is not a member any more', async () => {
    const [closed, channel] = [await group(), await talk.converse('CHANNEL', grace)]
    const messages = [await talk.say(grace, closed, 'Here'), await talk.say(grace, channel, 'There')]
    await chat.fork().execute('DELETE FROM chat.member WHERE user_id = ?', [grace])
    const answers = await Promise.all(messages.map(({ id }) => talk.delete(grace, id)))
    expect(answers).toEqual([{ errors: ['NOT_FOUND'] }, { errors: ['FORBIDDEN'] }])
  })

  it('by a moderator who learns nothing else of the conversation', async () => {
    const conversation = await group()
    const first = await talk.say(ada, conversation, 'Private')
    const { id } = await talk.say(grace, conversation, 'Bad', { replyToId: first.id })
    await talk.say(ada, conversation, 'Private too', { replyToId: id })
    const { data, errors } = await chat.run(
      stranger,
      `mutation ($input: MessageIdInput!) { deleteMessage(input: $input) {
         message { body replyTo { body } replies { nodes { body } } } } }`,
      { input: { messageId: id } },
      moderator,
    )
    expect(errors).toBeUndefined()
    expect(data).toMatchObject({ deleteMessage: { message: { body: '', replyTo: null, replies: { nodes: [] } } } })
  })

  it('not when there is none', async () => {
    expect(await talk.delete(ada, encodeId('msg', newUuid()), moderator)).toEqual({ errors: ['NOT_FOUND'] })
    for (const bad of ['', 'nonsense', encodeId('usr', ada)]) {
      expect(await talk.delete(ada, bad)).toEqual({ errors: ['BAD_USER_INPUT'] })
    }
  })
})
