import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryEventBus } from '../../../../platform/event-bus/memory-event-bus.ts'
import { encodeId } from '../../../../platform/ids.ts'
import { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { Models } from '../model/models.ts'
import { PostgresLedger } from '../usage/postgres-ledger.ts'
import { ReplyQueue } from './reply-queue.ts'
import { ReplyDesk } from './testing/reply-desk.ts'

const queue = new ReplyQueue({
  bus: new MemoryEventBus(),
  models: new Models(['a-model'], false),
  ledger: new PostgresLedger({ dailyTokens: null, concurrentReplies: 1 }),
})
const addressed = (kind: Conversation['kind'], body: string) =>
  queue.isAddressed(Object.assign(new Conversation(), { kind }), body)

describe('the assistant is addressed', () => {
  it.each(['Hello', '', 'me@assistant.org'])('in an ASSISTANT conversation by %j', (body) => {
    expect(addressed('ASSISTANT', body)).toBe(true)
  })

  it.each([
    '@assistant',
    '@Assistant, help!',
    'What do you think, @assistant?',
    'Ask (@assistant).',
    'line one\n@assistant line two',
    '“@assistant” 🙂',
    '🙂@assistant',
    '@assistant’s turn',
    'Well, @ASSISTANT...',
    '@assistant-',
    `${'@somebody, '.repeat(300)}@assistant`,
  ])('in a GROUP by %j', (body) => {
    expect(addressed('GROUP', body)).toBe(true)
  })

  it.each([
    'assistant',
    'me@assistant.org',
    'first.@assistant.org',
    'é@assistant',
    '@assistants',
    '@assistant_bot',
    '@assistant1',
    '@assistanté',
    '@@assistant',
    '@ assistant',
    '@assistant.bot',
    '@assistant-bot',
    `@assistant${'.'.repeat(40)}bot`,
    '@assistant@example.org',
    '@assistant\u0301',
    '\u0301@assistant',
  ])('not in a GROUP by %j', (body) => {
    expect(addressed('GROUP', body)).toBe(false)
  })
})

describe('a reply that its asker may not have any more', () => {
  let chat: ChatFixture
  let desk: ReplyDesk
  let conversation: Conversation
  beforeAll(async () => {
    chat = await openChatFixture(undefined, { concurrentReplies: 1 })
    desk = new ReplyDesk(chat)
    conversation = await chat.converse('GROUP')
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  it('has failed before it began, and the question is there', async () => {
    const waiting = await desk.ask(chat.viewerId, conversation)
    const rings: unknown[] = []
    const leave = chat.bus.subscribe(`conversation/${conversation.id}`, (payload) => void rings.push(payload))
    const { question, reply } = await desk.ask(chat.viewerId, conversation, '@assistant, and why not?')

    expect(await desk.versionsOf(reply)).toMatchObject([{ status: 'FAILED', errorCode: 'QUOTA_EXCEEDED', attempt: 0 }])
    expect([await desk.bodyOf(question), await desk.bodyOf(reply)]).toEqual(['@assistant, and why not?', ''])
    expect(await desk.eventsOf(reply)).toEqual(['MessageAdded', 'ReplyFinished'])
    await expect
      .poll(() => rings)
      .toMatchObject([
        {
          events: [
            { kind: 'MessageAdded', seq: 3 },
            { kind: 'MessageAdded', seq: 4 },
            { kind: 'ReplyFinished', seq: 5, messageId: reply.id },
          ],
        },
      ])
    leave()
    await desk.end(waiting.reply, { body: 'Because.' })
    expect(await desk.change(chat.viewerId, 'continueReply', reply.id)).toBe('ok')
    expect(await desk.versionsOf(reply)).toMatchObject([{ status: 'QUEUED', errorCode: null }])
    await desk.end(reply, { body: 'Because not.' })
  })

  it('has cost nothing, which its usage says, and is counted among its asker’s replies', async () => {
    const waiting = await desk.ask(chat.viewerId, conversation)
    const before = await usage()
    const { reply } = await desk.ask(chat.viewerId, conversation, '@assistant, and how much?')

    const source = `query ($id: ID!) { message(id: $id) {
      generation { status finishedAt usage { inputTokens outputTokens totalTokens isEstimated } }
    } }`
    const { data, errors } = await chat.run(chat.viewerId, source, { id: encodeId('msg', reply.id) })
    expect(errors).toBeUndefined()
    const nothing = { inputTokens: 0, outputTokens: 0, totalTokens: 0, isEstimated: false }
    expect(data).toMatchObject({
      message: { generation: { status: 'FAILED', finishedAt: expect.anything(), usage: nothing } },
    })
    expect(await usage()).toEqual({ ...before, replies: before.replies + 1 })
    await desk.end(waiting.reply, { body: 'Because.' })
  })

  async function usage() {
    const { data } = await chat.run(chat.viewerId, '{ usage { totalTokens replies } }')
    return (data as { usage: { totalTokens: number; replies: number } }).usage
  }

  it('is not asked for anew, or for more of, and its question is not changed: nothing happens then', async () => {
    const { question, reply } = await desk.answered(chat.viewerId, conversation, { body: 'Half', status: 'CANCELLED' })
    await desk.ask(chat.viewerId, conversation)
    const before = await desk.versionsOf(reply)
    for (const mutation of ['regenerateReply', 'continueReply'] as const) {
      expect(await desk.change(chat.viewerId, mutation, reply.id)).toBe('QUOTA_EXCEEDED')
    }
    const anew = { body: '@assistant, how?', regenerate: true }
    expect(await desk.change(chat.viewerId, 'editMessage', question.id, anew)).toBe('QUOTA_EXCEEDED')

    expect(await desk.versionsOf(reply)).toEqual(before)
    expect([await desk.bodyOf(question), await desk.bodyOf(reply)]).toEqual(['@assistant, why?', 'Half'])
    expect(await desk.eventsOf(question)).toEqual(['MessageAdded'])
  })

  it('is one of many that are asked for at once, in whatever conversations', async () => {
    const userId = randomUUID()
    const own = await Promise.all(
      Array.from({ length: 6 }, () => chat.services.conversations.create(chat.fork(), userId, { kind: 'ASSISTANT' })),
    )
    const asked = await Promise.all(own.map((each) => desk.ask(userId, each)))
    const versions = await Promise.all(asked.map(({ reply }) => desk.versionsOf(reply)))
    expect(
      versions
        .flat()
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual([...Array(5).fill('FAILED'), 'QUEUED'])
  })
})
