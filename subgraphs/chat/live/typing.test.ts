import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'

const SET_TYPING = `mutation Type($id: ID!, $isTyping: Boolean = true) {
  setTyping(input: { conversationId: $id, isTyping: $isTyping }) { accepted userErrors { code } }
}`

describe('setTyping', () => {
  let chat: ChatFixture
  let other: string
  beforeAll(async () => {
    chat = await openChatFixture()
    other = newUuid()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function codesOf(userId: string, id: string) {
    const { data, errors } = await chat.run(userId, SET_TYPING, { id })
    expect(data).toEqual({ setTyping: null })
    return errors?.map(({ originalError }) => (originalError as { code?: string } | undefined)?.code)
  }

  it('is accepted of members, true and false, and told of by their ids', async () => {
    const conversation = await chat.converse('GROUP')
    const accepted = { data: { setTyping: { accepted: true, userErrors: [] } }, errors: undefined }
    const id = encodeId('cnv', conversation.id)
    expect(await chat.run(chat.viewerId, SET_TYPING, { id })).toEqual(accepted)
    await expect.poll(() => chat.services.signals.typistsOf(conversation.id)).toEqual([chat.viewerId])
    expect(await chat.run(chat.viewerId, SET_TYPING, { id, isTyping: false })).toEqual(accepted)
    await expect.poll(() => chat.services.signals.typistsOf(conversation.id)).toEqual([])
  })

  it('is NOT_FOUND to a stranger, as for what does not exist', async () => {
    const { id } = await chat.converse('GROUP')
    expect(await codesOf(other, encodeId('cnv', id))).toEqual(['NOT_FOUND'])
    expect(await codesOf(chat.viewerId, encodeId('cnv', newUuid()))).toEqual(['NOT_FOUND'])
    expect(chat.services.signals.typistsOf(id)).toEqual([])
  })

  it('is FORBIDDEN to who reads a channel without being in it', async () => {
    const { id } = await chat.converse('CHANNEL', { title: 'News' })
    expect(await codesOf(other, encodeId('cnv', id))).toEqual(['FORBIDDEN'])
  })

  it.each(['', 'nonsense', encodeId('usr', newUuid())])('is BAD_USER_INPUT for the id “%s”', async (id) => {
    expect(await codesOf(chat.viewerId, id)).toEqual(['BAD_USER_INPUT'])
  })

  it('is false once the message is sent', async () => {
    const conversation = await chat.converse('GROUP')
    const id = encodeId('cnv', conversation.id)
    await chat.run(chat.viewerId, SET_TYPING, { id })
    await expect.poll(() => chat.services.signals.typistsOf(conversation.id)).toEqual([chat.viewerId])
    const { errors } = await chat.run(
      chat.viewerId,
      'mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
      { input: { conversationId: id, body: 'Done', clientId: newUuid() } },
    )
    expect(errors).toBeUndefined()
    await expect.poll(() => chat.services.signals.typistsOf(conversation.id)).toEqual([])
  })

  it.each(['being removed', 'leaving'])('is false after %s, although nobody follows the conversation', async (end) => {
    const { id } = await chat.converse('GROUP', { memberIds: [encodeId('usr', other)] })
    await chat.run(other, SET_TYPING, { id: encodeId('cnv', id) })
    await expect.poll(() => chat.services.signals.typistsOf(id)).toEqual([other])
    const { members } = chat.services
    if (end === 'leaving') await members.leave(chat.fork(), viewerNamed(other), id)
    else await members.remove(chat.fork(), viewerNamed(chat.viewerId), id, other)
    // Sooner than typing ends by itself.
    await expect.poll(() => chat.services.signals.typistsOf(id), { timeout: 3_000 }).toEqual([])
  })
})
