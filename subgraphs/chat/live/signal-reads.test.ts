import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { followConversation } from '../event-log/conversation-stream.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { SignalSource } from './signal-source.ts'

describe('signals beside a stream that is read all the time', () => {
  let chat: ChatFixture
  let conversation: Conversation
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    conversation = await chat.converse('GROUP')
  })

  async function follow() {
    const { signals, streams } = chat.services
    const conversationId = conversation.id
    const access = streams.accesses.of(conversationId, chat.viewerId)
    const ephemeral = new SignalSource({ signals, conversationId, access })
    const stream = followConversation({ ...streams, conversationId, after: undefined, access, ephemeral })
    await stream.next()
    return stream
  }

  /** Resolves with the events up to the first that satisfies `isLast`. */
  async function take(stream: Awaited<ReturnType<typeof follow>>, isLast: (event: object) => boolean) {
    const taken: object[] = []
    for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => stream.next() }) }) {
      taken.push(event)
      if (isLast(event)) return taken
    }
    return taken
  }

  it('are read a few times at most, however many come, and without the log', async () => {
    const stream = await follow()
    const statements = await chat.statementsOf(async () => {
      const taking = take(stream, (event) => 'upTo' in event && event.upTo === 100)
      for (let upTo = 1; upTo <= 100; upTo += 1) {
        chat.services.signals.markerMoved(conversation.id, chat.viewerId, upTo)
        await new Promise(setImmediate)
      }
      await taking
    })
    expect(statements.filter((statement) => statement.includes('conversation_event'))).toEqual([])
    expect(statements.length).toBeLessThanOrEqual(5)
    await stream.return()
  })

  it('hold back nothing of the log, and come with it', async () => {
    const stream = await follow()
    chat.services.signals.markerMoved(conversation.id, chat.viewerId, 1)
    expect((await stream.next()).value).toMatchObject({ upTo: 1 })
    chat.services.signals.markerMoved(conversation.id, chat.viewerId, 2)
    await chat.say(conversation, 'While signals rest')
    expect((await stream.next()).value).toMatchObject({ __typename: 'MessageAdded' })
    expect((await stream.next()).value).toMatchObject({ upTo: 2 })
    await stream.return()
  })
})
