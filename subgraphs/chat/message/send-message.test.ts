import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { openChatFixture } from '../testing/chat-fixture.ts'
import { Talk } from './testing/talk.ts'

const chat = await openChatFixture()
afterAll(() => chat[Symbol.asyncDispose]())
const talk = new Talk(chat)
const ada = chat.viewerId
const grace = newUuid()

const group = () => talk.converse('GROUP', grace)
const conflict = { message: null, userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', path: ['input', 'clientId'] }] }

describe('a message that asks for no reply', () => {
  it('takes one SQL statement', async () => {
    const conversation = await group()
    const statements = await chat.statementsOf(() => chat.say(conversation, 'Hello'))
    expect(statements, statements.join('\n')).toHaveLength(1)
  })

  it('moves its sender’s read marker, and nobody else’s', async () => {
    const conversation = await group()
    await talk.say(grace, conversation, 'One')
    await talk.say(ada, conversation, 'Two')
    const rows = await chat
      .fork()
      .execute('SELECT user_id, read_up_to FROM chat.member WHERE conversation_id = ?', [conversation.id])
    expect(new Map(rows.map((row) => [row.user_id, row.read_up_to]))).toEqual(
      new Map([
        [ada, 2],
        [grace, 1],
      ]),
    )
  })

  it.each([
    '👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈',
    'e\u0301\u0323 a\u0308',
    '\u202eשלום\u202c עולם 123',
    '\u00e9',
    'e\u0301',
    'one\rtwo\nthree\r\nfour',
    '  leading and trailing \t',
    '\u0001\u2028\ufeff',
    "?? \\? $1 ' E'\\x'",
  ])('keeps each byte of %j', async (body) => {
    const conversation = await group()
    expect((await talk.say(ada, conversation, body)).body).toBe(body)
    expect((await talk.list(grace, conversation))[0]?.body).toBe(body)
  })
})

describe('sixteen writers at once', () => {
  it('get numbers and events without a gap, each message once', async () => {
    const conversation = await group()
    const writers = Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? ada : grace))
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let turn = 0; turn < 5; turn += 1) {
          const body = `${index}/${turn}${turn === 4 && index < 4 ? ' @assistant' : ''}`
          const clientId = randomUUID()
          await Promise.all([1, 2].map(() => talk.say(writer, conversation, body, { clientId })))
        }
      }),
    )

    const messages = await talk.list(ada, conversation)
    expect(messages.map(({ number }) => number)).toEqual(Array.from({ length: 84 }, (_, index) => index + 1))
    expect(new Set(messages.map(({ body }) => body)).size).toBe(81)
    expect(await talk.events(conversation)).toEqual(messages.map(({ id }) => `MessageAdded ${id}`))
  })
})

describe('the same clientId', () => {
  it('gives the same message again, with the reply it asked for', async () => {
    const conversation = await group()
    const clientId = randomUUID()
    const first = await talk.send(ada, conversation, '@assistant, why?', { clientId })
    const again = await talk.send(ada, conversation, '@assistant, why?', { clientId: clientId.toUpperCase() })

    expect(first.reply?.id).toBeDefined()
    expect(again).toEqual(first)
    expect(await talk.events(conversation)).toHaveLength(2)
  })

  it('gives the same message after it was edited, and conflicts with what it says by then', async () => {
    const conversation = await group()
    const clientId = randomUUID()
    const { id } = await talk.say(ada, conversation, 'Before', { clientId })
    await talk.edit(ada, id, 'After')

    expect(await talk.send(ada, conversation, 'Before', { clientId })).toMatchObject({ message: { id, body: 'After' } })
    expect(await talk.send(ada, conversation, 'After', { clientId })).toMatchObject(conflict)
  })

  it('gives what is left of the message after it was deleted, whatever is sent', async () => {
    const conversation = await group()
    const clientId = randomUUID()
    const { id } = await talk.say(ada, conversation, 'Before', { clientId })
    await talk.delete(ada, id)

    for (const body of ['Before', 'Something else']) {
      const { message } = await talk.send(ada, conversation, body, { clientId })
      expect(message).toMatchObject({ id, body: '', deletedAt: expect.anything() })
    }
  })

  it('conflicts with another body, and with another message to reply to', async () => {
    const conversation = await group()
    const [one, other] = [await talk.say(ada, conversation, 'One'), await talk.say(ada, conversation, 'Other')]
    const clientId = randomUUID()
    await talk.say(ada, conversation, 'Yes', { clientId, replyToId: one.id })

    expect(await talk.send(ada, conversation, 'Yes!', { clientId, replyToId: one.id })).toMatchObject(conflict)
    expect(await talk.send(ada, conversation, 'Yes', { clientId, replyToId: other.id })).toMatchObject(conflict)
    expect(await talk.send(ada, conversation, 'Yes', { clientId })).toMatchObject(conflict)
    expect(await talk.send(ada, conversation, 'Yes', { clientId, replyToId: one.id })).toMatchObject({ userErrors: [] })
  })
})

describe('a reply to a message', () => {
  it('leads to it, counts there, and is found there', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Question')
    const reply = await talk.say(grace, conversation, 'Answer', { replyToId: id })

    expect(reply.replyTo).toEqual({ id })
    expect((await talk.list(ada, conversation))[0]).toMatchObject({ id, replyCount: 1 })
  })

  it('may be one to a deleted message', async () => {
    const conversation = await group()
    const { id } = await talk.say(ada, conversation, 'Gone')
    await talk.delete(ada, id)
    expect((await talk.say(grace, conversation, 'What was it?', { replyToId: id })).replyTo).toEqual({ id })
  })

  it('is refused for a message that is not in the conversation', async () => {
    const conversation = await group()
    const elsewhere = await talk.say(ada, await group(), 'Elsewhere')
    for (const replyToId of [elsewhere.id, encodeId('msg', newUuid())]) {
      expect(await talk.send(ada, conversation, 'Yes', { replyToId })).toMatchObject({
        message: null,
        userErrors: [{ code: 'NOT_FOUND', path: ['input', 'replyToId'] }],
      })
    }
    for (const replyToId of ['nonsense', encodeId('cnv', conversation.id)]) {
      expect(await talk.send(ada, conversation, 'Yes', { replyToId })).toEqual({ errors: ['BAD_USER_INPUT'] })
    }
    expect(await talk.list(ada, conversation)).toEqual([])
  })
})

describe('whoever may not write', () => {
  it('is told NOT_FOUND as a stranger, and FORBIDDEN as a reader of a channel', async () => {
    const [closed, channel] = [await group(), await talk.converse('CHANNEL')]
    const stranger = newUuid()

    for (const body of ['Hello', '@assistant, hello']) {
      expect(await talk.send(stranger, closed, body)).toEqual({ errors: ['NOT_FOUND'] })
      expect(await talk.send(stranger, channel, body)).toEqual({ errors: ['FORBIDDEN'] })
    }
    const left = await chat
      .fork()
      .execute('SELECT FROM chat.generation WHERE conversation_id IN (?)', [[closed.id, channel.id]])
    expect([...(await talk.events(closed)), ...(await talk.events(channel)), ...left]).toEqual([])
  })

  it('does not reach auth', async () => {
    const channel = await talk.converse('CHANNEL')
    const named = vi.spyOn(chat.people, 'named')
    expect(await talk.send(newUuid(), channel, 'Hello @grace')).toEqual({ errors: ['FORBIDDEN'] })
    expect(named).not.toHaveBeenCalled()

    await talk.say(ada, channel, 'Hello @grace')
    expect(named).toHaveBeenCalledTimes(1)
    named.mockRestore()
  })

  it('is told so by what is true when the message is stored', async () => {
    const [left, deleted] = [await talk.converse('CHANNEL', grace), await group()]
    const em = chat.fork()
    await em.execute('DELETE FROM chat.member WHERE conversation_id = ? AND user_id = ?', [left.id, grace])
    await em.execute('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', [deleted.id])
    const send = (conversation: typeof left) =>
      chat.services.messages.send(chat.fork(), grace, conversation, { body: 'Hello', clientId: randomUUID() })

    await expect(send(left)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(send(deleted)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('writes nothing when they are removed while the message waits for the conversation', async () => {
    const conversation = await group()
    let sent: Promise<unknown> | undefined
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [conversation.id])
      sent = talk.send(grace, conversation, 'Too late')
      await expect
        .poll(() =>
          em.execute(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`),
        )
        .toHaveLength(1)
      await em.execute('DELETE FROM chat.member WHERE conversation_id = ? AND user_id = ?', [conversation.id, grace])
    })

    expect(await sent).toEqual({ errors: ['NOT_FOUND'] })
    expect((await talk.say(ada, conversation, 'Without a gap')).number).toBe(1)
  })
})
