import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { BadUserInputError, NotFoundError } from '../../../platform/errors.ts'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { followMessages, type MessageStream } from './message-stream.ts'
import { seedMessages } from './testing/seed-messages.ts'

describe('a stream of messages that is read now and then', () => {
  let chat: ChatFixture
  let conversation: Conversation
  let grace: string
  let newest: number
  const streams: MessageStream[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const stream of streams.splice(0)) await stream.return()
    newest = 0
    grace = newUuid()
    conversation = await chat.converse('GROUP', { memberIds: [encodeId('usr', grace)] })
  })

  function follow(after?: number): MessageStream {
    const { accesses, ...rest } = chat.services.streams
    const access = accesses.of(conversation.id, grace)
    const stream = followMessages({ ...rest, conversationId: conversation.id, access, after, newest })
    streams.push(stream)
    return stream
  }

  async function say(count = 1): Promise<void> {
    for (let said = 0; said < count; said += 1) await chat.say(conversation, 'Hello')
    newest += count
  }

  async function take(stream: MessageStream, count: number): Promise<number[]> {
    const numbers: number[] = []
    while (numbers.length < count) numbers.push((await stream.next()).value?.number ?? Number.NaN)
    return numbers
  }

  const remove = () => chat.services.members.remove(chat.fork(), viewerNamed(chat.viewerId), conversation.id, grace)
  const add = () => chat.services.members.add(chat.fork(), viewerNamed(chat.viewerId), conversation.id, [grace])
  const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)

  it('tells where it begins when no number was given, and only then', async () => {
    await say(2)
    expect(follow().opensAt).toBe(2)
    expect(follow(1).opensAt).toBeUndefined()
  })

  it('gives every number once and in order, also to who falls out of memory', async () => {
    await say(3)
    const stream = follow(1)
    expect(await take(stream, 2)).toEqual([2, 3])
    await seedMessages(chat, conversation, 600)
    await say()
    expect(await take(stream, 601)).toEqual(from(4, 601))
    await say()
    expect(await take(stream, 1)).toEqual([605])
  })

  it('ends when its viewer is removed, with nothing of what was said since it was read', async () => {
    const stream = follow()
    await say()
    expect(await take(stream, 1)).toEqual([1])
    await say()
    await remove()
    await say()
    await expect(stream.next()).rejects.toThrow(NotFoundError)
  })

  it('ends when its viewer was removed and so much was said since that nobody has it in memory', async () => {
    const stream = follow()
    await say()
    expect(await take(stream, 1)).toEqual([1])
    await remove()
    await seedMessages(chat, conversation, 300)
    await say()
    await expect(stream.next()).rejects.toThrow(NotFoundError)
  })

  it('goes on when its viewer is in again by then', async () => {
    const stream = follow()
    await say()
    await remove()
    await say()
    await add()
    await say()
    expect(await take(stream, 3)).toEqual([1, 2, 3])
  })

  it('is refused to who was removed before its first read', async () => {
    const stream = follow()
    await remove()
    await expect(stream.next()).rejects.toThrow(NotFoundError)
  })

  it('ends when the conversation is deleted', async () => {
    const stream = follow()
    const ended = expect(stream.next()).rejects.toThrow(NotFoundError)
    await chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), conversation.id)
    await ended
  })

  describe('and whose log began anew', () => {
    /** As a database that was restored from when there were so many messages. */
    const restore = (count: number) =>
      chat.fork().execute(
        `WITH lost AS (DELETE FROM chat.message WHERE conversation_id = ? AND number > ?),
              untold AS (DELETE FROM chat.conversation_event WHERE conversation_id = ? AND seq > ?)
         UPDATE chat.conversation SET message_count = ?, event_seq = ?, epoch = gen_random_uuid() WHERE id = ?`,
        [conversation.id, count, conversation.id, count, count, count, conversation.id],
      )

    it('goes on when the last message that it gave has its number still', async () => {
      await say(4)
      const stream = follow(0)
      expect(await take(stream, 4)).toEqual([1, 2, 3, 4])
      await restore(4)
      await say(2)
      expect(await take(stream, 2)).toEqual([5, 6])
      await seedMessages(chat, conversation, 300)
      await restore(306)
      await say()
      expect(await take(stream, 301)).toEqual(from(7, 301))
    })

    it('ends with an error when the database lost messages that it gave', async () => {
      await say(3)
      const stream = follow(0)
      await take(stream, 3)
      await restore(2)
      await expect(stream.next()).rejects.toThrow(BadUserInputError)
    })

    it('ends with an error when others have their numbers since, however many there are', async () => {
      await say(5)
      const stream = follow(0)
      await take(stream, 5)
      await restore(3)
      await say(3)
      await expect(stream.next()).rejects.toThrow(/read messages anew/)
    })

    it('ends with an error when it gave nothing yet, because nobody knows what its number stood for', async () => {
      await say(2)
      const refused = expect(follow(2).next()).rejects.toThrow(BadUserInputError)
      // It has begun when another one has that began after it.
      await take(follow(1), 1)
      await restore(2)
      await say()
      await refused
    })

    it('goes on when there was nothing before', async () => {
      const next = follow(0).next()
      await chat.services.streams.accesses.require(conversation.id, grace)
      await restore(0)
      await say()
      expect((await next).value?.number).toBe(1)
    })
  })
})
