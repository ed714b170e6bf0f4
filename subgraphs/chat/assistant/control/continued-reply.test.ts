import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../../platform/ids.ts'
import { Talk } from '../../message/testing/talk.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { readReplyText } from '../text/reply-text.ts'
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
const versionId = (id: string | undefined) => ({ versionId: encodeId('ver', id ?? '') })

describe('a reply that is gone on with', () => {
  it.each([
    ['was cancelled', { status: 'CANCELLED' }],
    ['was interrupted', { status: 'INTERRUPTED' }],
    ['failed', { status: 'FAILED', errorCode: 'PROVIDER_TIMEOUT' }],
    ['came to its longest', { status: 'COMPLETED', finishReason: 'length' }],
  ] as const)('because it %s keeps its text', async (_, ending) => {
    const body = 'Half an 👩‍💻 ans'
    const { reply } = await desk.answered(ada, await group(), { body, ...ending })
    expect(await desk.change(ada, 'continueReply', reply.id)).toBe('ok')

    const [version, ...others] = await desk.versionsOf(reply)
    expect(others).toEqual([])
    expect(version).toMatchObject({ status: 'QUEUED', continues: true, attempt: 1, isSelected: true, body: null })
    expect(version).toMatchObject({ textLength: body.length, growing: body, errorCode: null, finishReason: null })
    expect(await desk.bodyOf(reply)).toBe('')
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded'])
  })

  it('may have had no text, and may be gone on with again and again, by another at their cost', async () => {
    const { reply } = await desk.answered(grace, await group(), { body: '', status: 'CANCELLED' })
    expect(await desk.change(ada, 'continueReply', reply.id)).toBe('ok')
    expect(await desk.versionsOf(reply)).toMatchObject([{ textLength: 0, growing: '', requestedBy: ada }])
    for (const body of ['A', 'A B', 'A B C']) {
      await desk.end(reply, { body, status: 'CANCELLED' })
      expect(await desk.change(ada, 'continueReply', reply.id)).toBe('ok')
      expect(await desk.versionsOf(reply)).toMatchObject([{ growing: body }])
    }
  })

  it.each([
    ['is whole', { status: 'COMPLETED' }],
    ['was refused', { status: 'FAILED', errorCode: 'MODERATION_REFUSED' }],
  ] as const)('is not, once it %s', async (_, ending) => {
    const { reply } = await desk.answered(ada, await group(), { body: 'Whole', ...ending })
    expect(await desk.change(ada, 'continueReply', reply.id)).toBe('BAD_USER_INPUT')
    expect(await desk.bodyOf(reply)).toBe('Whole')
  })

  it('keeps its text in every attempt from then on, wherever tools were called before', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'Half', status: 'CANCELLED' })
    await chat.fork().execute('UPDATE chat.generation SET step_length = 2 WHERE message_id = ?', [reply.id])
    await desk.change(ada, 'continueReply', reply.id)
    const steps = 'SELECT step_length AS length FROM chat.generation WHERE message_id = ?'
    expect(await chat.fork().execute(steps, [reply.id])).toEqual([{ length: 4 }])
  })

  it('has an attempt that no other version had, from the moment on it is asked for', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'One, two', status: 'CANCELLED' })
    await desk.change(ada, 'regenerateReply', reply.id)
    await desk.end(reply, { body: 'Uno, dos' })
    const [first] = await desk.versionsOf(reply)
    await desk.change(ada, 'selectReplyVersion', reply.id, versionId(first?.id))
    await desk.change(ada, 'continueReply', reply.id)
    expect(await desk.versionsOf(reply)).toMatchObject([{ attempt: 3, baseAttempt: 2 }, { attempt: 2 }])
    const seen = { conversationId: reply.conversationId, messageId: reply.id, attempt: 2, offset: 3 }
    expect(await readReplyText(chat.fork(), [seen])).toMatchObject([{ attempt: 3, offset: 0, text: 'One, two' }])
  })

  it('is not at its greatest length', async () => {
    const ending = { body: 'x'.repeat(500_000), finishReason: 'length' } as const
    const { reply } = await desk.answered(ada, await group(), ending)
    expect(await desk.change(ada, 'continueReply', reply.id)).toBe('BAD_USER_INPUT')
  })

  it('is gone on with once, however many ask at once', async () => {
    const { reply } = await desk.answered(ada, await group(), { body: 'Half', status: 'CANCELLED' })
    const answers = await Promise.all(Array.from({ length: 5 }, () => desk.change(ada, 'continueReply', reply.id)))
    expect(answers.toSorted()).toEqual([...Array(4).fill('REPLY_RUNNING'), 'ok'])
    expect(await desk.versionsOf(reply)).toMatchObject([{ growing: 'Half' }])
  })
})
