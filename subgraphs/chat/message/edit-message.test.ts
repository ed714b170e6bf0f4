import { afterAll, describe, expect, it, vi } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { blockedStatement } from '../testing/blocked-statement.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { openPendingMentions } from './testing/pending-mentions.ts'
import { Talk, type TalkAnswer } from './testing/talk.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const ada = chat.viewerId
const grace = newUuid()
chat.usernames.set('grace', grace)

const group = () => talk.converse('GROUP', grace)

describe('a message that its author changes', () => {
  it('says what it says now, and what it said before with when that was replaced', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'One')
    await talk.edit(ada, id, 'Two')
    const { message } = await talk.edit(ada, id, 'Three')

    expect(message).toMatchObject({ id, number: 1, body: 'Three', edits: [{ body: 'One' }, { body: 'Two' }] })
    expect(message?.editedAt).toEqual(message?.edits[1]?.editedAt)
    expect(await talk.list(grace, conversation)).toMatchObject([
      { body: 'Three', edits: [{ body: 'One' }, { body: 'Two' }] },
    ])
    expect(await talk.events(conversation)).toEqual([
      `MessageAdded ${id}`,
      `MessageEdited ${id}`,
      `MessageEdited ${id}`,
    ])
  })

  it('does not change, and tells nobody, when it says the same already', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'One')
    expect((await talk.edit(ada, id, 'One')).message).toMatchObject({ body: 'One', editedAt: null, edits: [] })
    expect(await talk.events(conversation)).toEqual([`MessageAdded ${id}`])
  })

  it('asks the assistant nothing', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Hello')
    await talk.edit(ada, id, '@assistant, hello')
    expect(await talk.list(ada, conversation)).toHaveLength(1)
  })

  it('is changed thirty times at most, also by changes at once', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Zero')
    const answers = await Promise.all(Array.from({ length: 32 }, (_, index) => talk.edit(ada, id, `${index}`)))

    const refused = answers.filter(({ message }) => message === null)
    expect(refused.map(({ userErrors }) => userErrors?.map(({ code }) => code))).toEqual(
      Array(2).fill(['BAD_USER_INPUT']),
    )
    expect(refused[0]?.userErrors?.[0]?.message).toMatch(/send a new message/)
    const [message] = await talk.list(ada, conversation)
    const said = [...(message?.edits ?? []).map(({ body }) => body), message?.body]
    expect(said[0]).toBe('Zero')
    expect(new Set(said).size).toBe(31)
  })

  it('may be changed by nobody else', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Mine')
    const reply = await talk.send(ada, await chat.converse('ASSISTANT'), 'Hello')

    expect(await talk.edit(grace, id, 'Yours')).toEqual({ errors: ['FORBIDDEN'] })
    expect(await talk.edit(newUuid(), id, 'Yours')).toEqual({ errors: ['NOT_FOUND'] })
    expect(await talk.edit(ada, reply.reply?.id ?? '', 'Its')).toEqual({ errors: ['FORBIDDEN'] })
    expect(await talk.list(ada, conversation)).toMatchObject([{ body: 'Mine', viewerCanEdit: true }])
    expect(await talk.list(grace, conversation)).toMatchObject([{ viewerCanEdit: false }])
  })

  it('cannot be changed by who is no longer a member', async () => {
    const [closed, channel] = [await group(), await talk.converse('CHANNEL', grace)]
    const messages = [await talk.say(grace, closed, 'Here'), await talk.say(grace, channel, 'There')]
    await chat.fork().execute('DELETE FROM chat.member WHERE user_id = ?', [grace])

    const answers = await Promise.all(messages.map(({ id }) => talk.edit(grace, id, 'Nowhere')))
    expect(answers).toEqual([{ errors: ['NOT_FOUND'] }, { errors: ['FORBIDDEN'] }])
    expect(await talk.list(grace, channel)).toMatchObject([{ viewerCanEdit: false, viewerCanDelete: false }])
  })
})

describe('a change to what the message said already', () => {
  it('mentions whom it names when the message says something else by the time it is made', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Hello @grace')
    let edited: Promise<TalkAnswer> | undefined
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [conversation.id])
      edited = talk.edit(ada, id, 'Hello @grace')
      await blockedStatement(chat, 'FOR NO KEY UPDATE')
      await em.execute(`UPDATE chat.message SET body = 'Hello' WHERE conversation_id = ?`, [conversation.id])
      await em.execute('DELETE FROM chat.mention WHERE conversation_id = ?', [conversation.id])
    })
    expect((await edited)?.message).toMatchObject({ body: 'Hello @grace', edits: [{ body: 'Hello' }] })

    await using pendingMentions = openPendingMentions(chat)
    await pendingMentions.wake()
    expect(await talk.list(ada, conversation)).toMatchObject([{ mentions: [{ id: encodeId('usr', grace) }] }])
  })
})

describe('whoever may not change a message', () => {
  it('reaches neither auth nor the conversation’s lock', async () => {
    const [closed, channel] = [await group(), await talk.converse('CHANNEL')]
    const [hidden, open] = [await talk.say(ada, closed, 'Here'), await talk.say(ada, channel, 'There')]
    const named = vi.spyOn(chat.people, 'named')
    const statements = await chat.statementsOf(async () => {
      expect(await talk.edit(newUuid(), hidden.id, 'Hello @grace')).toEqual({ errors: ['NOT_FOUND'] })
      expect(await talk.edit(newUuid(), open.id, 'Hello @grace')).toEqual({ errors: ['FORBIDDEN'] })
    })
    expect(named).not.toHaveBeenCalled()
    expect(statements.filter((statement) => /FOR NO KEY UPDATE/.test(statement))).toEqual([])
    named.mockRestore()
  })
})

describe('a change is refused', () => {
  it('of a message that was deleted', async () => {
    const { id } = await talk.say(ada, await group(), 'Gone')
    await talk.delete(ada, id)
    for (const body of ['Back', '']) {
      const answer = await talk.edit(ada, id, body)
      const [code, field] = body === '' ? ['BAD_USER_INPUT', 'body'] : ['NOT_FOUND', 'messageId']
      expect(answer).toMatchObject({ message: null, userErrors: [{ code, path: ['input', field] }] })
    }
  })

  it.each([
    ['empty', ''],
    ['white space', ' \n\u3000'],
    ['too long', 'x'.repeat(16_001)],
    ['with a NUL', 'a\0b'],
    ['half a surrogate pair', '\ud83d'],
  ])('to a body that is %s', async (_, body) => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'As it was')
    expect(await talk.edit(ada, id, body)).toMatchObject({
      message: null,
      userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'body'] }],
    })
    expect(await talk.list(ada, conversation)).toMatchObject([{ body: 'As it was', editedAt: null }])
  })

  it('of what is no message, or in a conversation that was deleted', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Hello')
    await chat.fork().execute('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', [conversation.id])

    expect(await talk.edit(ada, id, 'Bye')).toEqual({ errors: ['NOT_FOUND'] })
    expect(await talk.edit(ada, encodeId('msg', newUuid()), 'Bye')).toEqual({ errors: ['NOT_FOUND'] })
    for (const bad of ['', 'nonsense', encodeId('cnv', conversation.id)]) {
      expect(await talk.edit(ada, bad, 'Bye')).toEqual({ errors: ['BAD_USER_INPUT'] })
    }
  })
})
