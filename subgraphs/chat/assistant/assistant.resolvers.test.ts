import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../../platform/ids.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../testing/chat-fixture.ts'
import type { Claim } from './generation/generation-lease.ts'
import { addText, claimReply, finishReply } from './generation/testing/claims.ts'

const MESSAGE = `query ($id: ID!) {
  message(id: $id) {
    body
    generation { id status attempt text usage { totalTokens isEstimated } startedAt finishedAt error { code } }
    versions { id body isSelected generation { text status } }
  }
}`
const MESSAGES = `query ($id: ID!) {
  conversation(id: $id) { messages { nodes { body generation { text } versions { body generation { text } } } } }
}`

describe('what a message tells of the assistant’s work', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function written(text: string): Promise<Claim> {
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    if (text !== '') await addText(chat.fork(), claim, { offset: 0, text })
    return claim
  }

  async function read(source: string, id: string) {
    const { data, errors } = await chat.run(chat.viewerId, source, { id })
    expect(errors).toBeUndefined()
    return data as Record<string, unknown>
  }

  const messageOf = async ({ messageId }: Claim) => (await read(MESSAGE, encodeId('msg', messageId))).message
  const regenerate = ({ messageId }: Claim) =>
    chat.services.replies.regenerate(chat.fork(), viewerNamed(chat.viewerId), messageId)

  it('is its text so far while it grows, and what it cost when it has ended', async () => {
    await chat.say(await chat.converse(), 'Tell me.')
    const claim = await written('Once 👩‍💻')
    await chat.fork().execute('UPDATE chat.generation SET input_tokens = 3, output_tokens = 2 WHERE id = ?', [claim.id])
    const generation = { id: encodeId('gen', claim.id), attempt: 1, text: 'Once 👩‍💻' }
    const version = { id: encodeId('ver', claim.id), body: 'Once 👩‍💻', isSelected: true }
    expect(await messageOf(claim)).toMatchObject({
      body: 'Once 👩‍💻',
      generation: { ...generation, status: 'RUNNING', usage: null, startedAt: expect.anything(), finishedAt: null },
      versions: [{ ...version, generation: { status: 'RUNNING', text: 'Once 👩‍💻' } }],
    })

    const error = { code: 'PROVIDER_TIMEOUT', message: 'Ask again.' } as const
    await finishReply(chat.fork(), claim, { status: 'FAILED', error })
    expect(await messageOf(claim)).toMatchObject({
      body: 'Once 👩‍💻',
      generation: { ...generation, status: 'FAILED', usage: { totalTokens: 5 }, error: { code: 'PROVIDER_TIMEOUT' } },
      versions: [{ ...version, generation: { status: 'FAILED', text: 'Once 👩‍💻' } }],
    })
  })

  it('is every version with its own text, oldest first', async () => {
    await chat.say(await chat.converse(), 'Tell me.')
    const first = await written('The first.')
    await finishReply(chat.fork(), first)
    await regenerate(first)
    const second = await written('Another')

    expect(await messageOf(first)).toMatchObject({
      body: 'Another',
      generation: { id: encodeId('gen', second.id), attempt: 2, text: 'Another' },
      versions: [
        { id: encodeId('ver', first.id), body: 'The first.', isSelected: false, generation: { text: 'The first.' } },
        { id: encodeId('ver', second.id), body: 'Another', isSelected: true, generation: { text: 'Another' } },
      ],
    })
    await finishReply(chat.fork(), second)
    await chat.services.replies.select(chat.fork(), viewerNamed(chat.viewerId), first.messageId, first.id)
    expect(await messageOf(first)).toMatchObject({
      body: 'The first.',
      versions: [
        { body: 'The first.', isSelected: true },
        { body: 'Another', isSelected: false },
      ],
    })
  })

  it('is nothing for what people say, and no version of what was deleted', async () => {
    const conversation = await chat.converse()
    const { message } = await chat.say(conversation, 'Tell me.')
    expect((await read(MESSAGE, encodeId('msg', message.id))).message).toEqual({
      ...{ body: 'Tell me.', generation: null, versions: [] },
    })
    const claim = await written('Gone')
    await finishReply(chat.fork(), claim)
    await chat.services.messages.delete(chat.fork(), viewerNamed(chat.viewerId), claim.messageId)

    expect(await messageOf(claim)).toMatchObject({ body: '', generation: { text: '' }, versions: [] })
  })

  it('takes no more statements however many replies there are', async () => {
    const statementsFor = async (count: number) => {
      const conversation = await chat.converse()
      for (let number = 0; number < count; number += 1) {
        await chat.say(conversation, 'Tell me.')
        const claim = await written('Well')
        await finishReply(chat.fork(), claim)
      }
      await regenerateLast(conversation.id)
      const id = encodeId('cnv', conversation.id)
      return chat.statementsOf(async () => {
        expect(await read(MESSAGES, id)).toMatchObject({ conversation: { messages: { nodes: { length: count * 2 } } } })
      })
    }
    // Access, messages, shown texts, generations, versions; and their texts, together or each.
    expect((await statementsFor(5)).length).toBeLessThanOrEqual(8)
  })

  async function regenerateLast(conversationId: string): Promise<void> {
    const [last] = await chat
      .fork()
      .execute<{ id: string }[]>(
        `SELECT id FROM chat.message WHERE conversation_id = ? AND role = 'ASSISTANT' ORDER BY number DESC LIMIT 1`,
        [conversationId],
      )
    await chat.services.replies.regenerate(chat.fork(), viewerNamed(chat.viewerId), last?.id ?? '')
    await finishReply(chat.fork(), await written('Well, well'))
  }
})
