import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { readLog } from '../event-log/event-log.ts'
import type { Message } from '../message/message.entity.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'

const REACTIONS = 'reactions { emoji count viewerHasReacted }'
const change = (field: string) => `mutation ($messageId: ID!, $emoji: String!) {
  payload: ${field}(input: { messageId: $messageId, emoji: $emoji }) {
    message { id ${REACTIONS} conversation { cursor } } userErrors { code path }
  }
}`

interface Payload {
  message: { reactions: { emoji: string; count: number; viewerHasReacted: boolean }[] } | null
  userErrors: { code: string; path: string[] }[]
}

describe('reactions', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function talk(kind: Conversation['kind'] = 'GROUP', others: string[] = []) {
    const conversation = await chat.converse(kind, { memberIds: others.map((id) => encodeId('usr', id)) })
    const { message } = await chat.say(conversation, 'Shall we?')
    return { conversation, message }
  }

  async function react(userId: string, { id }: Message, emoji: string, field = 'addReaction'): Promise<Payload> {
    const { data, errors } = await chat.run(userId, change(field), { messageId: encodeId('msg', id), emoji })
    expect(errors).toBeUndefined()
    return (data as { payload: Payload }).payload
  }

  async function codesOf(userId: string, messageId: string, field = 'addReaction') {
    const { errors } = await chat.run(userId, change(field), { messageId, emoji: '👍' })
    return errors?.map((error) => (error.originalError as { code?: string } | undefined)?.code)
  }

  async function reactionsOf(userId: string, { id }: Message) {
    const { data } = await chat.run(userId, `query ($id: ID!) { message(id: $id) { ${REACTIONS} } }`, {
      id: encodeId('msg', id),
    })
    return (data as { message: Payload['message'] }).message?.reactions
  }

  async function changesIn({ id }: Conversation): Promise<number> {
    const log = await readLog(chat.fork(), id, 0, 1_000)
    return (log?.events ?? []).filter(({ kind }) => kind === 'ReactionsChanged').length
  }

  it('are counted by emoji in the order in which each came, and tell the viewer which are theirs', async () => {
    const [bob, cy] = [newUuid(), newUuid()]
    const { message } = await talk('GROUP', [bob, cy])
    await react(bob, message, '🎉')
    await react(cy, message, '👍')
    const { message: answer, userErrors } = await react(bob, message, '👍')

    expect(userErrors).toEqual([])
    expect(answer?.reactions).toEqual([
      { emoji: '🎉', count: 1, viewerHasReacted: true },
      { emoji: '👍', count: 2, viewerHasReacted: true },
    ])
    expect(await reactionsOf(cy, message)).toEqual([
      { emoji: '🎉', count: 1, viewerHasReacted: false },
      { emoji: '👍', count: 2, viewerHasReacted: true },
    ])
    await react(bob, message, '🎉', 'removeReaction')
    expect(await reactionsOf(cy, message)).toEqual([{ emoji: '👍', count: 2, viewerHasReacted: true }])
    await react(bob, message, '🎉')
    expect((await reactionsOf(cy, message))?.map(({ emoji }) => emoji)).toEqual(['👍', '🎉'])
  })

  it('of one person with one emoji count once, however it is spelled, and only a change is logged', async () => {
    const { conversation, message } = await talk()
    for (const emoji of ['❤️', '❤', '❤️']) await react(chat.viewerId, message, emoji)
    expect(await reactionsOf(chat.viewerId, message)).toEqual([{ emoji: '❤️', count: 1, viewerHasReacted: true }])
    expect(await changesIn(conversation)).toBe(1)

    for (const emoji of ['❤', '❤️']) await react(chat.viewerId, message, emoji, 'removeReaction')
    expect(await reactionsOf(chat.viewerId, message)).toEqual([])
    expect(await changesIn(conversation)).toBe(2)
  })

  it('show in the answer to each of several mutations in one operation, with the log’s place after it', async () => {
    const { message } = await talk()
    const fields = (emoji: string) =>
      `addReaction(input: { messageId: $id, emoji: "${emoji}" }) { message { ${REACTIONS} conversation { cursor } } }`
    const { data } = await chat.run(chat.viewerId, `mutation ($id: ID!) { a: ${fields('👍')} b: ${fields('🎉')} }`, {
      id: encodeId('msg', message.id),
    })
    const { data: now } = await chat.run(
      chat.viewerId,
      `query ($id: ID!) { message(id: $id) { ${REACTIONS} conversation { cursor } } }`,
      { id: encodeId('msg', message.id) },
    )

    expect(data).toMatchObject({ a: { message: { reactions: [{ emoji: '👍' }] } }, b: now as object })
  })

  it('of sixteen people at the same moment are all there', async () => {
    const people = Array.from({ length: 16 }, newUuid)
    const { conversation, message } = await talk('GROUP', people)
    await Promise.all(
      people.map((person, index) => react(person, message, index % 4 === 0 ? '🎉' : index % 2 === 0 ? '❤️' : '👍')),
    )

    const groups = (await reactionsOf(chat.viewerId, message)) ?? []
    expect(Object.fromEntries(groups.map(({ emoji, count }) => [emoji, count]))).toEqual({ '🎉': 4, '❤️': 4, '👍': 8 })
    expect(await changesIn(conversation)).toBe(16)
  })

  it('take at most 50 different emoji a message, and any number of people with these', async () => {
    const bob = newUuid()
    const { message } = await talk('GROUP', [bob])
    const faces = Array.from({ length: 51 }, (_, index) => String.fromCodePoint(0x1f600 + index))
    for (const face of faces.slice(0, 50)) await react(chat.viewerId, message, face)

    expect(await react(bob, message, faces[50] ?? '')).toMatchObject({
      message: null,
      userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'emoji'] }],
    })
    expect((await react(bob, message, faces[7] ?? '')).userErrors).toEqual([])
    await react(chat.viewerId, message, faces[0] ?? '', 'removeReaction')
    expect((await react(bob, message, faces[50] ?? '')).userErrors).toEqual([])
    expect(await reactionsOf(bob, message)).toHaveLength(50)
  })

  describe.each(['addReaction', 'removeReaction'])('%s', (field) => {
    it.each(['', 'yes', '👍👍', ' 👍'])('refuses "%s", which is not a single emoji', async (emoji) => {
      const { conversation, message } = await talk()
      expect(await react(chat.viewerId, message, emoji, field)).toEqual({
        message: null,
        userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'emoji'] }],
      })
      expect(await changesIn(conversation)).toBe(0)
    })

    it('finds nothing to react to in a deleted message', async () => {
      const { conversation, message } = await talk()
      await chat.fork().execute("UPDATE chat.message SET deleted_at = now(), body = '' WHERE id = ?", [message.id])
      expect(await react(chat.viewerId, message, '👍', field)).toEqual({
        message: null,
        userErrors: [{ code: 'NOT_FOUND', path: ['input', 'messageId'] }],
      })
      expect(await changesIn(conversation)).toBe(0)
    })

    it('is for members: a stranger finds no message, and who only reads a channel is refused', async () => {
      const stranger = newUuid()
      const hidden = encodeId('msg', (await talk('GROUP')).message.id)
      const open = encodeId('msg', (await talk('CHANNEL')).message.id)

      expect(await codesOf(stranger, hidden, field)).toEqual(['NOT_FOUND'])
      expect(await codesOf(stranger, open, field)).toEqual(['FORBIDDEN'])
      expect(await codesOf(stranger, encodeId('msg', newUuid()), field)).toEqual(['NOT_FOUND'])
      expect(await codesOf(stranger, encodeId('cnv', newUuid()), field)).toEqual(['BAD_USER_INPUT'])
      expect(await codesOf(chat.viewerId, open, field)).toBeUndefined()
    })
  })

  it('take as many SQL statements for a page of forty messages as for one of two', async () => {
    const { conversation } = await talk()
    for (let index = 0; index < 40; index += 1) {
      const { message } = await chat.say(conversation, `Line ${index}`)
      await react(chat.viewerId, message, '👍')
    }
    const read = (last: number) => async () => {
      const { data } = await chat.run(
        chat.viewerId,
        `query ($id: ID!, $last: Int) { conversation(id: $id) { messages(last: $last) { nodes { ${REACTIONS} } } } }`,
        { id: encodeId('cnv', conversation.id), last },
      )
      const reactions = Array(last).fill({ reactions: [{ emoji: '👍', count: 1, viewerHasReacted: true }] })
      expect(data).toEqual({ conversation: { messages: { nodes: reactions } } })
    }

    const few = await chat.statementsOf(read(2))
    const many = await chat.statementsOf(read(40))
    expect(few.length).toBeGreaterThan(1)
    expect(many.length, many.join('\n')).toBe(few.length)
  })
})
