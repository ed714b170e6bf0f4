import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { readHeads } from '../event-log/event-log.ts'
import { inboxDoorbellOf, readInboxVersions } from '../event-log/inbox-head.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'

const MARK = `mutation ($id: ID!, $upTo: Int!) {
  markRead(input: { conversationId: $id, upTo: $upTo }) {
    conversation { unreadCount mentionCount members { nodes { user { id } readUpTo } } } userErrors { code path }
  }
}`
const COUNTS = 'query ($id: ID!) { conversation(id: $id) { unreadCount mentionCount } }'

interface Payload {
  markRead: { conversation: { unreadCount: number; mentionCount: number } | null; userErrors: unknown[] } | null
}

describe('what a member has read', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** A conversation with somebody else in it, to whom the viewer has said this much. */
  async function talk({ lines, kind = 'GROUP' }: { lines: number; kind?: Conversation['kind'] }) {
    const bob = newUuid()
    const conversation = await chat.converse(kind, { memberIds: [encodeId('usr', bob)] })
    for (let line = 1; line <= lines; line += 1) await chat.say(conversation, `Line ${line}`)
    return { bob, conversation }
  }

  const sayAs = (userId: string, conversation: Conversation, body: string) =>
    chat.services.messages.send(chat.fork(), userId, conversation, { body, clientId: randomUUID() })

  async function mark(userId: string, { id }: Conversation, upTo: number) {
    const { data, errors } = await chat.run(userId, MARK, { id: encodeId('cnv', id), upTo })
    const code = (errors?.[0]?.originalError as { code?: string } | undefined)?.code
    return code ?? (data as Payload).markRead
  }

  async function countsOf(userId: string, { id }: Conversation) {
    const { data, errors } = await chat.run(userId, COUNTS, { id: encodeId('cnv', id) })
    expect(errors).toBeUndefined()
    return (data as { conversation: unknown }).conversation
  }

  async function change(text: string, { id }: Conversation, ...parameters: unknown[]) {
    await chat.fork().execute(text, [...parameters, id])
  }

  it('counts what others said after the marker, which moves forward and never back', async () => {
    const { bob, conversation } = await talk({ lines: 5 })
    expect(await countsOf(bob, conversation)).toEqual({ unreadCount: 5, mentionCount: 0 })

    expect(await mark(bob, conversation, 3)).toMatchObject({
      conversation: {
        unreadCount: 2,
        members: {
          nodes: expect.arrayContaining([{ user: { id: encodeId('usr', bob) }, readUpTo: 3 }]),
        },
      },
      userErrors: [],
    })
    for (const upTo of [0, 2, 3]) {
      expect(await mark(bob, conversation, upTo)).toMatchObject({ conversation: { unreadCount: 2 }, userErrors: [] })
    }
    expect(await mark(bob, conversation, 5)).toMatchObject({ conversation: { unreadCount: 0 } })
  })

  it('keeps the furthest of many marks made at once', async () => {
    const { bob, conversation } = await talk({ lines: 12 })
    await Promise.all([7, 3, 11, 1, 9, 11, 5, 2].map((upTo) => mark(bob, conversation, upTo)))
    expect(await countsOf(bob, conversation)).toEqual({ unreadCount: 1, mentionCount: 0 })
  })

  it('is told to their inbox and to who follows the conversation, only when it moves, and is not in the log', async () => {
    const { bob, conversation } = await talk({ lines: 3 })
    const versionOf = async () => (await readInboxVersions(chat.fork(), [bob])).get(bob) ?? 0
    const before = { head: await readHeads(chat.fork(), [conversation.id]), version: await versionOf() }
    const ring = vi.fn()
    const unsubscribe = chat.bus.subscribe(inboxDoorbellOf(bob), ring)
    const told = vi.spyOn(chat.services.signals, 'markerMoved')
    for (const upTo of [2, 2, 1, 0]) await mark(bob, conversation, upTo)

    await expect.poll(() => ring).toHaveBeenCalledTimes(1)
    expect(told.mock.calls).toEqual([[conversation.id, bob, 2]])
    expect(await versionOf()).toBe(before.version + 1)
    expect(await readHeads(chat.fork(), [conversation.id])).toEqual(before.head)
    unsubscribe()
    told.mockRestore()
  })

  it.each([-1, 4, 2 ** 31 - 1])('has no marker at %i of three messages', async (upTo) => {
    const { bob, conversation } = await talk({ lines: 3 })
    expect(await mark(bob, conversation, upTo)).toEqual({
      conversation: null,
      userErrors: [{ code: 'BAD_USER_INPUT', path: ['input', 'upTo'] }],
    })
    expect(await countsOf(bob, conversation)).toEqual({ unreadCount: 3, mentionCount: 0 })
  })

  it('is for members: strangers find nothing, and who only reads a channel has neither marker nor counts', async () => {
    const stranger = newUuid()
    const { conversation: group } = await talk({ lines: 1 })
    const { conversation: channel } = await talk({ lines: 1, kind: 'CHANNEL' })
    await change(
      'INSERT INTO chat.mention (user_id, position, number, conversation_id) VALUES (?, 0, 1, ?)',
      channel,
      stranger,
    )

    expect(await mark(stranger, group, 1)).toBe('NOT_FOUND')
    expect(await mark(stranger, channel, 1)).toBe('FORBIDDEN')
    expect(await mark(stranger, channel, 99)).toBe('FORBIDDEN')
    expect(await countsOf(stranger, channel)).toEqual({ unreadCount: 0, mentionCount: 0 })
  })

  it('counts neither deleted messages, nor Parley’s own, nor the member’s, wherever the marker is', async () => {
    const { bob, conversation } = await talk({ lines: 8 })
    for (const body of ['Mine', 'Mine too', 'And mine']) await sayAs(bob, conversation, body)
    const where = 'WHERE conversation_id = ? AND number IN'
    await change(`UPDATE chat.message SET deleted_at = now(), body = '' ${where} (2, 5, 10)`, conversation)
    await change(`UPDATE chat.message SET role = 'SYSTEM', author_id = NULL ${where} (3, 6, 5)`, conversation)
    const unread: number[] = []
    for (let marker = 0; marker <= 11; marker += 1) {
      await change('UPDATE chat.member SET read_up_to = ? WHERE conversation_id = ?', conversation, marker)
      const { unreadCount } = (await countsOf(bob, conversation)) as { unreadCount: number }
      unread.push(unreadCount)
    }

    expect(unread).toEqual([4, 3, 3, 3, 2, 2, 2, 1, 0, 0, 0, 0])
  })

  it('counts the mentions of the member, and of nobody else, after the marker', async () => {
    const { bob, conversation } = await talk({ lines: 4 })
    for (const [userId, number] of [
      [bob, 1],
      [bob, 3],
      [bob, 4],
      [chat.viewerId, 2],
    ]) {
      await change(
        'INSERT INTO chat.mention (user_id, position, number, conversation_id) VALUES (?, 0, ?, ?)',
        conversation,
        userId,
        number,
      )
    }
    expect(await countsOf(bob, conversation)).toEqual({ unreadCount: 4, mentionCount: 3 })
    expect(await mark(bob, conversation, 3)).toMatchObject({ conversation: { unreadCount: 1, mentionCount: 1 } })
  })

  it('takes as many SQL statements for thirty conversations as for two', async () => {
    const read = (userId: string, count: number) => async () => {
      const { data } = await chat.run(userId, '{ conversations { nodes { unreadCount mentionCount } } }')
      const nodes = Array(count).fill({ unreadCount: 1, mentionCount: 0 })
      expect(data).toEqual({ conversations: { nodes } })
    }
    const [ada, bob] = [newUuid(), newUuid()]
    for (let index = 0; index < 30; index += 1) {
      const memberIds = [ada, ...(index < 2 ? [bob] : [])].map((id) => encodeId('usr', id))
      await chat.say(await chat.converse('GROUP', { memberIds }), 'Hello')
    }

    const few = await chat.statementsOf(read(bob, 2))
    const many = await chat.statementsOf(read(ada, 30))
    expect(few.length).toBeGreaterThan(1)
    expect(many.length, many.join('\n')).toBe(few.length)
  })
})
