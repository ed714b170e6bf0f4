import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { followConversation } from '../event-log/conversation-stream.ts'
import { EphemeralSources } from '../event-log/ephemeral-source.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import { SignalSource } from './signal-source.ts'

/** What is logged while a stream is not read arrives as one page. */
describe('a stream whose viewer loses the conversation', () => {
  let chat: ChatFixture
  let reader: string
  let conversation: Conversation
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    reader = newUuid()
    conversation = await chat.converse('GROUP', { memberIds: [encodeId('usr', reader)] })
  })

  const owner = () => viewerNamed(chat.viewerId)
  const { remove, add, say } = {
    remove: () => chat.services.members.remove(chat.fork(), owner(), conversation.id, reader),
    add: () => chat.services.members.add(chat.fork(), owner(), conversation.id, [reader]),
    say: (body: string) => chat.say(conversation, body),
  }

  function follow(after?: string) {
    const { signals, streams } = chat.services
    const conversationId = conversation.id
    const access = streams.accesses.of(conversationId, reader)
    const ephemeral = new EphemeralSources([new SignalSource({ signals, conversationId, access })])
    return followConversation({ ...streams, conversationId, after, access, ephemeral })
  }

  async function caughtUp() {
    const stream = follow()
    expect((await stream.next()).value).toMatchObject({ __typename: 'CaughtUp' })
    return stream
  }

  async function kindsUntilEnd(stream: ReturnType<typeof follow>) {
    const kinds: unknown[] = []
    for await (const { __typename } of stream) kinds.push(__typename)
    return kinds
  }

  it('tells nothing of the page but that', async () => {
    const stream = await caughtUp()
    await say('Before')
    await remove()
    await say('After')
    chat.services.signals.markerMoved(conversation.id, chat.viewerId, 2)
    expect(await kindsUntilEnd(stream)).toEqual(['AccessRevoked'])
  })

  it('tells all of it when they are in again by then', async () => {
    const stream = await caughtUp()
    await say('Before')
    await remove()
    await say('Between')
    await add()
    const kinds: unknown[] = []
    while (kinds.length < 4) kinds.push((await stream.next()).value?.__typename)
    expect(kinds).toEqual(['MessageAdded', 'MemberRemoved', 'MessageAdded', 'MemberAdded'])
    await stream.return()
  })

  it('tells nothing of the page but that the conversation was deleted', async () => {
    const stream = await caughtUp()
    await say('Before')
    await chat.services.conversations.delete(chat.fork(), owner(), conversation.id)
    expect(await kindsUntilEnd(stream)).toEqual(['ConversationDeleted'])
  })

  it('is refused when that was before its first read', async () => {
    const streams = [follow(), follow('a cursor that cannot be honoured')]
    await remove()
    for (const stream of streams) await expect(stream.next()).rejects.toThrow('No such conversation.')
  })
})
