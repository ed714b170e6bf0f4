import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../../platform/ids.ts'
import type { Message } from '../../message/message.entity.ts'
import { Talk } from '../../message/testing/talk.ts'
import { blockedStatement } from '../../testing/blocked-statement.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import { LeaseLostError } from '../generation/generation-lease.ts'
import { claimReply, finishReply } from '../generation/testing/claims.ts'
import { REPLY_STOPPED } from '../generation/topics.ts'
import { ReplyDesk } from './testing/reply-desk.ts'

let chat: ChatFixture
let desk: ReplyDesk
let talk: Talk
let ada: string
const grace = newUuid()

beforeAll(async () => {
  chat = await openChatFixture()
  desk = new ReplyDesk(chat)
  talk = new Talk(chat)
  ada = chat.viewerId
})
afterAll(() => chat[Symbol.asyncDispose]())

const group = () => talk.converse('GROUP', grace)
const cancel = (userId: string, reply: Message) => desk.change(userId, 'cancelReply', reply.id)
const claim = () => claimReply(chat.fork())

describe('a reply that is cancelled', () => {
  it('while it waits is never begun', async () => {
    const { reply } = await desk.ask(ada, await group())
    expect(await cancel(ada, reply)).toBe('ok')

    expect(await desk.versionsOf(reply)).toMatchObject([{ status: 'CANCELLED', attempt: 0, textLength: 0 }])
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded', 'ReplyFinished'])
    expect(await claim()).toBeNull()
  })

  it('while it is written keeps its text; who writes it is told, and is refused from then on', async () => {
    const conversation = await group()
    const { reply } = await desk.ask(grace, conversation)
    const claimed = await claim()
    if (!claimed) throw new Error('Nothing waits.')
    await desk.grow(reply, 'So far')
    const [stopped, rings]: unknown[][] = [[], []]
    chat.bus.subscribe(REPLY_STOPPED, (payload) => void stopped?.push(payload))
    chat.bus.subscribe(`conversation/${conversation.id}`, (payload) => void rings?.push(payload))
    expect(await cancel(grace, reply)).toBe('ok')

    expect(await desk.bodyOf(reply)).toBe('So far')
    expect(await desk.versionsOf(reply)).toMatchObject([{ status: 'CANCELLED', textLength: 6, growing: '' }])
    await expect.poll(() => stopped).toEqual([claimed.id])
    expect(rings).toMatchObject([{ events: [{ kind: 'ReplyFinished', messageId: reply.id }] }])
    const late = finishReply(chat.fork(), claimed)
    await expect(late).rejects.toThrow(LeaseLostError)
  })

  it('by five at once ends once', async () => {
    const { reply } = await desk.ask(ada, await group())
    await claim()
    await desk.grow(reply, 'So far')
    const answers = await Promise.all(Array.from({ length: 5 }, () => cancel(ada, reply)))

    expect(answers).toEqual(Array(5).fill('ok'))
    expect(await cancel(ada, reply)).toBe('ok')
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded', 'ReplyStarted', 'ReplyFinished'])
    expect(await desk.bodyOf(reply)).toBe('So far')
  })

  it('while it waits for the approval of a tool call waits no more, and goes on without it when it is wanted', async () => {
    const { reply } = await desk.ask(ada, await group())
    const claimed = await claim()
    await chat.fork().execute(
      `WITH parked AS (
         UPDATE chat.generation SET is_parked = true, lease_until = NULL WHERE id = ? RETURNING *
       )
       INSERT INTO chat.tool_call (conversation_id, id, generation_id, message_id, step, position, text_offset,
         provider_id, name, arguments, status)
       SELECT conversation_id, gen_random_uuid(), id, message_id, 1, position, 0, 'call', 'a_tool', '{}', call.status
       FROM parked, (VALUES (0, 'AWAITING_APPROVAL'), (1, 'RUNNING')) AS call(position, status)`,
      [claimed?.id],
    )
    expect(await cancel(ada, reply)).toBe('ok')
    const calls = () =>
      chat
        .fork()
        .execute('SELECT status, result FROM chat.tool_call WHERE message_id = ? ORDER BY position', [reply.id])
    expect(await calls()).toMatchObject([
      { status: 'REFUSED', result: expect.stringContaining('ended before') },
      { status: 'FAILED', result: expect.stringContaining('ended before') },
    ])
    expect(await desk.change(ada, 'continueReply', reply.id)).toBe('ok')
    expect(await claim()).toMatchObject({ id: claimed?.id, attempt: 2 })
    await cancel(ada, reply)
  })

  it('is not, once it has ended otherwise', async () => {
    for (const status of ['COMPLETED', 'FAILED', 'INTERRUPTED'] as const) {
      const { reply } = await desk.answered(ada, await group(), { body: 'Whole', status })
      expect(await cancel(ada, reply), status).toBe('REPLY_NOT_RUNNING')
    }
  })

  it('is not by who may not any more, by what is true when it would end', async () => {
    const conversation = await group()
    const { reply } = await desk.ask(grace, conversation)
    let cancelled: Promise<string> | undefined
    await chat.fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [conversation.id])
      cancelled = cancel(grace, reply)
      await blockedStatement(chat, 'chat.conversation')
      await em.execute('DELETE FROM chat.member WHERE conversation_id = ? AND user_id = ?', [conversation.id, grace])
    })
    expect(await cancelled).toBe('NOT_FOUND')
    expect(await desk.versionsOf(reply)).toMatchObject([{ status: 'QUEUED' }])
    await cancel(ada, reply)
  })

  it('is not in a conversation that is deleted meanwhile', async () => {
    const conversation = await group()
    const { reply } = await desk.ask(ada, conversation)
    let cancelled: Promise<string> | undefined
    await chat.fork().transactional(async (em) => {
      await em.execute('UPDATE chat.conversation SET deleted_at = now() WHERE id = ?', [conversation.id])
      cancelled = cancel(ada, reply)
      await blockedStatement(chat, 'chat.conversation')
    })
    expect(await cancelled).toBe('NOT_FOUND')
  })
})

describe('many who control a reply at once, while it is written', () => {
  it('wait for one another in one order, and leave one version shown', async () => {
    const conversation = await group()
    const { reply } = await desk.answered(ada, conversation, { body: 'One' })
    const refusals = new Set(['ok', 'REPLY_RUNNING', 'REPLY_NOT_RUNNING', 'BAD_USER_INPUT'])
    let isOver = false
    const write = async () => {
      while (!isOver) {
        const claimed = await claim()
        if (!claimed) continue
        await desk.grow(reply, 'Text').catch(() => undefined)
        const outcome = { status: 'COMPLETED', finishReason: 'length' } as const
        await finishReply(chat.fork(), claimed, outcome).catch((error) => {
          if (!(error instanceof LeaseLostError)) throw error
        })
      }
    }
    const control = async (seed: number) => {
      for (let turn = 0; turn < 12; turn += 1) {
        const [first] = await desk.versionsOf(reply)
        const answer = await [
          () => cancel(ada, reply),
          () => desk.change(ada, 'continueReply', reply.id),
          () => desk.change(ada, 'selectReplyVersion', reply.id, { versionId: encodeId('ver', first?.id ?? '') }),
          () => (turn < 5 ? desk.change(ada, 'regenerateReply', reply.id) : cancel(ada, reply)),
        ][(seed + turn) % 4]?.()
        expect(refusals).toContain(answer)
      }
    }
    const writers = [write(), write()]
    await Promise.all([0, 1, 2, 3, 4, 5].map(control))
    isOver = true
    await Promise.all(writers)
    await cancel(ada, reply)

    const versions = await desk.versionsOf(reply)
    expect(versions.filter(({ isSelected }) => isSelected)).toHaveLength(1)
    const body = await desk.bodyOf(reply)
    for (const version of versions) {
      expect(version.body === null, 'the shown one’s text is the message’s').toBe(version.isSelected)
      expect((version.isSelected ? body : (version.body ?? '')).length).toBe(version.textLength)
      expect(version.growing).toBe('')
    }
    expect(versions.map(({ baseAttempt }) => baseAttempt)).toEqual(
      versions.map(({ baseAttempt }) => baseAttempt).toSorted((a, b) => a - b),
    )
    await chat.services.conversations.delete(chat.fork(), viewerNamed(ada), conversation.id)
  })
})
