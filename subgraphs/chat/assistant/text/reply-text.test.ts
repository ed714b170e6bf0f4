import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import type { Claim } from '../generation/generation-lease.ts'
import { addText, claimReply, finishReply } from '../generation/testing/claims.ts'
import { readReplyText, readVersionTexts } from './reply-text.ts'

const NOTHING = { attempt: 0, offset: 0 }

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
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    return claim
  }

  async function grown(texts: string[]): Promise<Claim> {
    const claim = await begin()
    let offset = 0
    for (const text of texts) {
      await addText(chat.fork(), claim, { offset, text })
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
        await finishReply(chat.fork(), claim)
        expect(await read(position)).toMatchObject([{ status: 'COMPLETED', offset, text: whole.slice(offset) }])
      }),
      { numRuns: 30 },
    )
  })

  const set = ({ id }: Claim, what: string) =>
    chat.fork().execute(`UPDATE chat.generation SET ${what} WHERE id = ?`, [id])

  it('stays for an attempt that went on with it, as far as each attempt since has kept it', async () => {
    const claim = await grown(['one', 'two', 'three'])
    await set(claim, 'attempt = 7, base_attempt = 3, kept_length = 6')

    for (const [attempt, offset, kept] of [
      ...[
        [7, 9, 9],
        [7, 12, 0],
        [6, 9, 6],
        [4, 2, 2],
        [4, 6, 6],
      ],
      ...[
        [3, 2, 0],
        [1, 1, 0],
        [8, 2, 0],
        [0, 0, 0],
      ],
    ] as [number, number, number][]) {
      const expected = { attempt: 7, offset: kept, text: 'onetwothree'.slice(kept) }
      expect(await read({ claim, attempt, offset }), `${attempt}/${offset}`).toMatchObject([expected])
    }
  })

  it.each(['CANCELLED', 'FAILED', 'INTERRUPTED'] as const)(
    'is there, from any offset, when it was %s',
    async (status) => {
      const claim = await grown(['half a ', 'sentence'])
      await finishReply(chat.fork(), claim, { status })

      expect(await read({ claim, attempt: 1, offset: 7 })).toMatchObject([{ status, offset: 7, text: 'sentence' }])
    },
  )

  it('is that of the version that is shown, growing or not; the others keep theirs', async () => {
    const claim = await grown(['the first'])
    await finishReply(chat.fork(), claim)
    const { conversationId, messageId } = claim
    const next = { conversationId, id: newUuid(), attempt: 1 }
    await set(claim, "is_selected = false, body = 'the first'")
    await chat.fork().execute(
      `INSERT INTO chat.generation (conversation_id, id, message_id, status, model, attempt, base_attempt)
       VALUES (?, ?, ?, 'QUEUED', 'a-model', 1, 1)`,
      [conversationId, next.id, messageId],
    )
    const before = { claim, attempt: 1, offset: 9 }
    const versions = () => readVersionTexts(chat.fork(), [next, claim, { conversationId, id: newUuid() }])
    expect(await read(before)).toMatchObject([{ generationId: next.id, status: 'QUEUED', offset: 0, text: '' }])
    expect(await versions()).toEqual(['', 'the first', ''])

    const again = await claimReply(chat.fork())
    await addText(chat.fork(), { ...claim, ...next, attempt: again?.attempt ?? 0 }, { offset: 0, text: 'another' })
    expect(await read(before)).toMatchObject([{ attempt: 2, offset: 0, text: 'another' }])
    expect(await versions()).toEqual(['another', 'the first', ''])
  })

  it('begins within a piece when the position lies there', async () => {
    const claim = await grown(Array.from({ length: 40 }, (_, index) => `piece ${index + 10}, `))
    expect(await read({ claim, attempt: 1, offset: 395 })).toMatchObject([{ offset: 395, text: ' 49, ' }])
  })

  it('begins again at 0 for a position of another attempt or beyond the end', async () => {
    const claim = await grown(['one', 'two'])

    for (const position of [NOTHING, { attempt: 2, offset: 3 }, { attempt: 1, offset: 7 }]) {
      expect(await read({ claim, ...position })).toMatchObject([{ attempt: 1, offset: 0, text: 'onetwo' }])
    }
    await finishReply(chat.fork(), claim)
    expect(await read({ claim, attempt: 1, offset: 7 })).toMatchObject([{ attempt: 1, offset: 0, text: 'onetwo' }])
  })

  it('is empty before the first piece, and when the reply ended without one', async () => {
    const claim = await begin()

    expect(await read({ claim, ...NOTHING })).toMatchObject([{ status: 'RUNNING', attempt: 1, offset: 0, text: '' }])
    await finishReply(chat.fork(), claim)
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
