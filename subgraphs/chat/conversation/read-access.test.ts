import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'

describe('who may read which conversation', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  it('is one statement for all who ask at a time, by the same rule as everywhere', async () => {
    const [member, stranger] = [newUuid(), newUuid()]
    const group = await chat.converse('GROUP', { memberIds: [encodeId('usr', member)] })
    const channel = await chat.converse('CHANNEL')
    const deleted = await chat.converse('CHANNEL')
    await chat.services.conversations.delete(chat.fork(), viewerNamed(chat.viewerId), deleted.id)
    const { accesses } = chat.services.streams
    const asked = [group, channel, deleted, { id: newUuid() }].flatMap(({ id }) =>
      [member, stranger].map((viewerId) => accesses.of(id, viewerId)),
    )
    let answers: boolean[] = []
    const statements = await chat.statementsOf(async () => {
      answers = await Promise.all(asked.map((access) => access.mayRead()))
    })
    expect(answers).toEqual([true, false, true, true, false, false, false, false])
    expect(statements).toHaveLength(1)
  })

  it('is asked anew each time, and says how many messages there are', async () => {
    const group = await chat.converse('GROUP')
    const { accesses } = chat.services.streams
    expect(await accesses.require(group.id, chat.viewerId)).toEqual({ messageCount: 0 })
    await chat.say(group, 'Hello')
    expect(await accesses.require(group.id, chat.viewerId)).toEqual({ messageCount: 1 })
    await expect(accesses.require(group.id, newUuid())).rejects.toThrow('No such conversation.')
  })
})
