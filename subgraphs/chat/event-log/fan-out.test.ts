import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { followMessages } from '../message/message-stream.ts'
import { seedMessages } from '../message/testing/seed-messages.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { followConversation } from './conversation-stream.ts'
import { doorbellOf } from './doorbell.ts'
import { encodeEventCursor } from './event-cursor.ts'
import { readLog } from './event-log.ts'
import type { PullStream } from './pull-stream.ts'
import { NOTHING_BESIDE } from './testing/hub-bench.ts'

describe('many who follow one conversation', () => {
  let chat: ChatFixture
  let conversation: Conversation
  let streams: PullStream<object>[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const stream of streams) await stream.return()
    streams = []
    conversation = await chat.converse('CHANNEL')
  })

  const headOf = async ({ id }: Conversation) => {
    const log = await readLog(chat.fork(), id, 0, 0)
    if (!log) throw new Error('It is not there.')
    return log.head
  }

  /** Somebody who may read it. */
  function reader() {
    const { accesses, ...rest } = chat.services.streams
    return { ...rest, conversationId: conversation.id, access: accesses.of(conversation.id, newUuid()) }
  }

  function follow(after?: string) {
    const stream = followConversation({ ...reader(), after, ephemeral: NOTHING_BESIDE })
    streams.push(stream)
    return stream
  }

  function followByNumber(after: number, newest: number) {
    const stream = followMessages({ ...reader(), after, newest })
    streams.push(stream)
    return stream
  }

  /** Without what every process asks each second. */
  const withoutSweeps = (statements: string[]) =>
    statements.filter((statement) => !/FROM chat\.conversation\s+WHERE id IN/.test(statement))

  it('take a few statements together when a thousand of them come back to a process that knows nothing', async () => {
    await seedMessages(chat, conversation, 300)
    const { epoch } = await headOf(conversation)
    const received: number[] = []
    const statements = await chat.statementsOf(async () => {
      const back = Array.from({ length: 1_000 }, async (_, index) => {
        const behind = index % 257
        const stream = follow(encodeEventCursor({ epoch, seq: 300 - behind }))
        let count = 0
        while ((await stream.next()).value?.__typename === 'MessageAdded') count += 1
        expect(count).toBe(behind)
        received.push(count)
      })
      await Promise.all(back)
    })
    expect(received).toHaveLength(1_000)
    expect(withoutSweeps(statements).length, statements.join('\n')).toBeLessThanOrEqual(6)
  })

  it('take a few statements together when a thousand of them come back by number', async () => {
    await seedMessages(chat, conversation, 300)
    const statements = await chat.statementsOf(async () => {
      const back = Array.from({ length: 1_000 }, async (_, index) => {
        const behind = 1 + (index % 256)
        const stream = followByNumber(300 - behind, 300)
        const numbers: (number | undefined)[] = []
        while (numbers.length < behind) numbers.push((await stream.next()).value?.number)
        expect([numbers[0], numbers.at(-1), new Set(numbers).size]).toEqual([301 - behind, 300, behind])
      })
      await Promise.all(back)
    })
    expect(withoutSweeps(statements).length, statements.join('\n')).toBeLessThanOrEqual(6)
  })

  it('get what is said without a statement, all of them the same object', async () => {
    const following = Array.from({ length: 500 }, () => follow())
    const numbered = Array.from({ length: 500 }, () => followByNumber(0, 0))
    await Promise.all(following.map((stream) => stream.next()))
    const waiting = [...following, ...numbered].map((stream) => stream.next())
    await expect.poll(() => chat.services.streams.hubs.followers).toBe(1_000)
    // All of them have begun when somebody who began after them has.
    await follow().next()
    const alone = await chat.statementsOf(async () => {
      const events = (await Promise.all([chat.say(conversation, 'Hello'), ...waiting])).slice(1) as { value: object }[]
      for (const { value } of events) expect(value).toBe(events[0]?.value)
      expect(events[0]?.value).toMatchObject({ __typename: 'MessageAdded', number: 1 })
    })
    // That is what saying it takes.
    expect(withoutSweeps(alone), alone.join('\n')).toHaveLength(1)
  })

  it('are told Reset once, when the log in the database is another one', async () => {
    await seedMessages(chat, conversation, 20)
    const following = Array.from({ length: 100 }, () => follow())
    for (const stream of following) await stream.next()
    const asked = following.map((stream) => stream.next())
    await chat.fork().execute('UPDATE chat.conversation SET epoch = gen_random_uuid() WHERE id = ?', [conversation.id])
    chat.bus.publish(doorbellOf(conversation.id), 'look')
    const cursor = encodeEventCursor(await headOf(conversation))
    for (const { value } of await Promise.all(asked)) expect(value).toMatchObject({ __typename: 'Reset', cursor })

    const next = following.map((stream) => stream.next())
    await chat.say(conversation, 'After')
    for (const { value } of await Promise.all(next))
      expect(value).toMatchObject({ __typename: 'MessageAdded', seq: 21 })
  })
})
