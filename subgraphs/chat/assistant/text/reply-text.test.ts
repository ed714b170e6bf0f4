import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { appendText, type Claim, claimNext, finish } from '../generation/generation-lease.ts'
import { readReplyText } from './reply-text.ts'

const NOTHING = { attempt: 0, offset: 0 }
const OUTCOME = { omittedMessages: 0, usage: { inputTokens: 0, outputTokens: 0, isEstimated: true } }

/** Pieces as a writer stores them: never empty, never half a surrogate pair. */
const pieces = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 })

describe('the text of a reply', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  async function begin(): Promise<Claim> {
    await chat.say(await chat.converse(), 'Tell me.')
    const claim = await claimNext(chat.fork(), 60_000)
    if (!claim) throw new Error('There is no reply to write.')
    return claim
  }

  async function grown(texts: string[]): Promise<Claim> {
    const claim = await begin()
    let offset = 0
    for (const text of texts) {
      await appendText(chat.fork(), claim, { offset, text }, 60_000)
      offset += text.length
    }
    return claim
  }

  const read = (...wanted: ({ claim: Claim } & typeof NOTHING)[]) =>
    readReplyText(
      chat.fork(),
      wanted.map(({ claim: { conversationId, messageId }, ...position }) => ({
        conversationId,
        messageId,
        ...position,
      })),
    )

  it('is, from any offset, exactly the rest: while it grows and after it has ended', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), async (texts, seed) => {
        const whole = texts.join('')
        const offset = seed % (whole.length + 1)
        const claim = await grown(texts)
        const position = { claim, attempt: 1, offset }

        expect(await read(position)).toMatchObject([
          { status: 'RUNNING', attempt: 1, offset, text: whole.slice(offset) },
        ])
        await finish(chat.fork(), claim, OUTCOME)
        expect(await read(position)).toMatchObject([{ status: 'COMPLETED', offset, text: whole.slice(offset) }])
      }),
      { numRuns: 40 },
    )
  })

  it('begins again at 0 for a position of another attempt or beyond the end', async () => {
    const claim = await grown(['one', 'two'])

    for (const position of [NOTHING, { attempt: 2, offset: 3 }, { attempt: 1, offset: 7 }]) {
      expect(await read({ claim, ...position })).toMatchObject([{ attempt: 1, offset: 0, text: 'onetwo' }])
    }
    await finish(chat.fork(), claim, OUTCOME)
    expect(await read({ claim, attempt: 1, offset: 7 })).toMatchObject([{ attempt: 1, offset: 0, text: 'onetwo' }])
  })

  it('is empty before the first piece, and when the reply ended without one', async () => {
    const claim = await begin()

    expect(await read({ claim, ...NOTHING })).toMatchObject([{ status: 'RUNNING', attempt: 1, offset: 0, text: '' }])
    await finish(chat.fork(), claim, OUTCOME)
    expect(await read({ claim, ...NOTHING })).toMatchObject([{ status: 'COMPLETED', offset: 0, text: '' }])
  })

  it('is read in one statement for replies of many conversations, each from its own position', async () => {
    const claims = [await grown(['first']), await grown(['second']), await begin()]
    const wanted = claims.map((claim, index) => ({ claim, attempt: 1, offset: index }))

    const statements = await chat.statementsOf(async () => {
      const texts = new Map((await read(...wanted)).map(({ messageId, text }) => [messageId, text]))
      expect(claims.map(({ messageId }) => texts.get(messageId))).toEqual(['first', 'econd', ''])
    })
    expect(statements).toHaveLength(1)
  })

  it('is not there for a message that is no reply', async () => {
    const { message } = await chat.say(await chat.converse('GROUP'), 'Nobody answers.')
    const wanted = { conversationId: message.conversationId, ...NOTHING }

    expect(await readReplyText(chat.fork(), [{ ...wanted, messageId: message.id }])).toEqual([])
    expect(await readReplyText(chat.fork(), [{ ...wanted, messageId: newUuid() }])).toEqual([])
    expect(await readReplyText(chat.fork(), [])).toEqual([])
  })
})
