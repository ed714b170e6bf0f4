import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { addText, claimReply, finishReply } from '../assistant/generation/testing/claims.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { followMessages } from '../message/message-stream.ts'
import { seedMessages } from '../message/testing/seed-messages.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { BESIDE, doorbellOf } from './doorbell.ts'
import { encodeEventCursor } from './event-cursor.ts'
import { readLog } from './event-log.ts'

describe('many who follow one conversation', () => {
  let chat: ChatFixture
  let conversation: Conversation
  let streams: AsyncIterator<object>[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const stream of streams) await stream.return?.()
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

  async function follow(after?: string) {
    const stream = await chat.follow(newUuid(), conversation.id, after)
    streams.push(stream)
    return stream
  }

  /** So many who wait for what comes. */
  async function followers(count: number) {
    const following = await Promise.all(Array.from({ length: count }, () => follow()))
    const first = await Promise.all(following.map((stream) => stream.next()))
    for (const { value } of first) expect(value.__typename).toBe('CaughtUp')
    return following
  }

  /** What all of them are given next is one and the same object. */
  async function nextOfAll(following: readonly AsyncIterator<object>[]) {
    const [first, ...others] = (await Promise.all(following.map((stream) => stream.next()))).map(({ value }) => value)
    for (const other of others) expect(other).toBe(first)
    return first
  }

  function followByNumber(after: number, newest: number) {
    const stream = followMessages({ ...reader(), after, newest })
    streams.push(stream)
    return stream
  }

  /** A reply in this conversation that has begun. */
  async function askedIn(talk: Conversation) {
    await chat.say(talk, 'Tell me.')
    const claim = await claimReply(chat.fork())
    if (claim?.conversationId !== talk.id) throw new Error('There is no reply to write.')
    return claim
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
        const stream = await follow(encodeEventCursor({ epoch, seq: 300 - behind }))
        let count = 0
        while ((await stream.next()).value?.__typename === 'MessageAdded') count += 1
        expect(count).toBe(behind)
        received.push(count)
      })
      await Promise.all(back)
    })
    expect(received).toHaveLength(1_000)
    expect(withoutSweeps(statements).length, statements.join('\n')).toBeLessThanOrEqual(10)
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
    const following = await followers(500)
    const numbered = Array.from({ length: 500 }, () => followByNumber(0, 0))
    const begun = [...following, ...numbered].map((stream) => stream.next())
    await expect.poll(() => chat.services.streams.hubs.followers).toBe(1_000)
    await chat.say(conversation, 'Good morning')
    await Promise.all(begun)
    const waiting = [...following, ...numbered].map((stream) => stream.next())
    const alone = await chat.statementsOf(async () => {
      const events = (await Promise.all([chat.say(conversation, 'Hello'), ...waiting])).slice(1) as { value: object }[]
      for (const { value } of events) expect(value).toBe(events[0]?.value)
      expect(events[0]?.value).toMatchObject({ __typename: 'MessageAdded', number: 2 })
    })
    // That is what saying it takes.
    expect(withoutSweeps(alone), alone.join('\n')).toHaveLength(1)
  })

  it('get a growing reply by a few statements together, all of them the same objects', async () => {
    const talk = await chat.converse()
    const claim = await askedIn(talk)
    const ring = () => chat.bus.publish(doorbellOf(talk.id), BESIDE)
    const say = (offset: number, text: string) => addText(chat.fork(), claim, { offset, text })
    await say(0, 'One, ')
    const statements = await chat.statementsOf(async () => {
      const following = await Promise.all(Array.from({ length: 500 }, () => chat.follow(chat.viewerId, talk.id)))
      streams.push(...following)
      await Promise.all(following.map((stream) => stream.next()))
      for (const stream of following) expect((await stream.next()).value).toMatchObject({ offset: 0, text: 'One, ' })
      const two = nextOfAll(following)
      await say(5, 'two, ')
      ring()
      expect(await two).toMatchObject({ __typename: 'ReplyTextAppended', attempt: 1, offset: 5, text: 'two, ' })
      const three = nextOfAll(following)
      await say(10, 'three')
      chat.bus.publish(doorbellOf(talk.id), await finishReply(chat.fork(), claim))
      expect(await three).toMatchObject({ __typename: 'ReplyTextAppended', offset: 10, text: 'three' })
      expect(await nextOfAll(following)).toMatchObject({ __typename: 'ReplyFinished' })
    })
    expect(withoutSweeps(statements).length, statements.join('\n')).toBeLessThanOrEqual(40)
  })

  it('are told Reset once, when the log in the database is another one', async () => {
    await seedMessages(chat, conversation, 20)
    const following = await followers(100)
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
