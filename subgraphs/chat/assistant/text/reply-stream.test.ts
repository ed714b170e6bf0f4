import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NotFoundError } from '../../../../platform/errors.ts'
import { newUuid } from '../../../../platform/ids.ts'
import { BESIDE, doorbellOf } from '../../event-log/doorbell.ts'
import { type ChatFixture, openChatFixture, viewerNamed } from '../../testing/chat-fixture.ts'
import type { BegunClaim } from '../generation/claim.ts'
import { handOver } from '../generation/generation-lease.ts'
import { addText, claimReply, finishReply } from '../generation/testing/claims.ts'
import { followReply } from './reply-stream.ts'

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex')

describe('the stream of a reply', () => {
  let chat: ChatFixture
  let streams: AsyncIterator<object>[] = []
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  afterEach(async () => {
    for (const stream of streams) await stream.return?.()
    streams = []
  })

  /** A reply that is being written in a channel, which everybody reads. */
  async function begun(text = ''): Promise<BegunClaim> {
    await chat.say(await chat.converse('CHANNEL'), '@assistant, tell me.')
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    if (text !== '') await addText(chat.fork(), claim, { offset: 0, text })
    return claim
  }

  function follow({ conversationId, messageId }: BegunClaim, after?: { attempt: number; offset: number }) {
    const access = chat.services.streams.accesses.of(conversationId, newUuid())
    const message = { id: messageId, conversationId }
    const stream = followReply({ ...chat.services.streams, message, access, after })
    streams.push(stream)
    return stream
  }

  const next = async (stream: AsyncIterator<object>) => (await stream.next()).value
  const ring = ({ conversationId }: BegunClaim) => chat.bus.publish(doorbellOf(conversationId), BESIDE)
  const withoutSweeps = (statements: string[]) =>
    statements.filter((statement) => !/FROM chat\.conversation\s+WHERE id IN/.test(statement))

  it('costs two statements a turn, however many follow, late ones and those who have much included', async () => {
    const claim = await begun('Once upon')
    const many = Array.from({ length: 200 }, (_, index) => follow(claim, { attempt: 1, offset: index % 5 }))
    const statements = await chat.statementsOf(async () => {
      const pieces = await Promise.all(many.map(next))
      expect(pieces.slice(0, 2)).toMatchObject([
        { __typename: 'ReplyText', attempt: 1, offset: 0, text: 'Once upon' },
        { attempt: 1, offset: 1, text: 'nce upon' },
      ])
    })
    expect(withoutSweeps(statements)).toHaveLength(2)

    await finishReply(chat.fork(), claim)
    const ending = await chat.statementsOf(async () => {
      ring(claim)
      const ended = await Promise.all(many.map(next))
      expect(new Set(ended).size, 'one and the same object').toBe(1)
      expect(ended[0]).toMatchObject({ status: 'COMPLETED', length: 9, sha256: sha256('Once upon') })
    })
    // The third one reads the whole text, to be hashed.
    expect(withoutSweeps(ending)).toHaveLength(3)
  })

  it('says how much stays when another worker goes on, and nothing of it twice', async () => {
    const claim = await begun('Kept. Lost.')
    const stream = follow(claim)
    expect(await next(stream)).toMatchObject({ text: 'Kept. Lost.' })
    await handOver(chat.fork(), claim)
    await chat.fork().execute('UPDATE chat.generation SET step_length = 6 WHERE id = ?', [claim.id])
    // The step was journaled when there was no more text than this.
    await chat
      .fork()
      .execute('UPDATE chat.generation_chunk SET text = ?, end_offset = 6 WHERE generation_id = ?', [
        ...['Kept. ', claim.id],
      ])
    const successor = await claimReply(chat.fork())
    if (!successor) throw new Error('It was handed over.')
    await addText(chat.fork(), successor, { offset: successor.keptLength, text: 'Found.' })
    await finishReply(chat.fork(), successor)
    ring(claim)

    expect([await next(stream), await next(stream), await next(stream)]).toMatchObject([
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 6 },
      { __typename: 'ReplyText', attempt: 2, offset: 6, text: 'Found.' },
      { __typename: 'ReplyEnded', status: 'COMPLETED', length: 12, sha256: sha256('Kept. Found.') },
    ])
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('goes on with another version that was asked for before it could end', async () => {
    const claim = await begun('The first.')
    const stream = follow(claim)
    await next(stream)
    await finishReply(chat.fork(), claim)
    await chat.services.replies.regenerate(chat.fork(), viewerNamed(chat.viewerId), claim.messageId)
    expect(await next(stream)).toMatchObject({ __typename: 'ReplyRestarted', keepOffset: 0 })
    const second = await claimReply(chat.fork())
    if (!second) throw new Error('It was asked for.')
    await addText(chat.fork(), second, { offset: 0, text: 'Another.' })
    ring(claim)

    expect([await next(stream), await next(stream)]).toMatchObject([
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 0 },
      { __typename: 'ReplyText', attempt: 2, offset: 0, text: 'Another.' },
    ])
    await finishReply(chat.fork(), second)
    ring(claim)
    expect(await next(stream)).toMatchObject({ __typename: 'ReplyEnded', attempt: 2, sha256: sha256('Another.') })
  })

  it('ends at once for a reply that has ended, in the version that is shown', async () => {
    const claim = await begun('Half a sen')
    await finishReply(chat.fork(), claim, { status: 'CANCELLED' })

    const whole = {
      __typename: 'ReplyEnded',
      attempt: 1,
      status: 'CANCELLED',
      length: 10,
      sha256: sha256('Half a sen'),
    }
    const late = follow(claim)
    expect([await next(late), await next(late)]).toMatchObject([{ offset: 0, text: 'Half a sen' }, whole])
    expect(await next(follow(claim, { attempt: 1, offset: 10 }))).toMatchObject(whole)
    const lost = follow(claim, { attempt: 5, offset: 3 })
    expect([await next(lost), await next(lost)]).toMatchObject([
      { __typename: 'ReplyRestarted', attempt: 1, keepOffset: 0 },
      { __typename: 'ReplyText', offset: 0, text: 'Half a sen' },
    ])
  })

  it('tells who has seen a text that it was taken back', async () => {
    const claim = await begun('Unspeakable')
    const stream = follow(claim)
    await next(stream)
    const error = { code: 'MODERATION_REFUSED', message: 'No.' } as const
    await finishReply(chat.fork(), claim, { status: 'FAILED', error, withdraw: true })
    ring(claim)

    expect([await next(stream), await next(stream)]).toMatchObject([
      { __typename: 'ReplyRestarted', attempt: 2, keepOffset: 0 },
      { __typename: 'ReplyEnded', status: 'FAILED', length: 0, sha256: sha256('') },
    ])
  })

  it('gives nobody a text that was taken back, though it was heard a moment ago and the ring of its end was lost', async () => {
    const claim = await begun('Unspeakable')
    const { conversationId, id: generationId, messageId, attempt } = claim
    const hear = () =>
      chat.services.streams.replies.hear({
        grown: { messageId, generationId, attempt, offset: 0, text: 'Unspeakable' },
      })
    hear()
    const error = { code: 'MODERATION_REFUSED', message: 'No.' } as const
    await finishReply(chat.fork(), claim, { status: 'FAILED', error, withdraw: true })
    const end = { __typename: 'ReplyEnded', status: 'FAILED', length: 0 }
    expect(await next(follow(claim))).toMatchObject(end)
    // What is repeated on the bus changes nothing.
    const { replies } = chat.services.streams
    hear()
    expect(await replies.read({ conversationId, messageId, attempt: 0, offset: 0 })).toMatchObject({
      piece: { text: '' },
    })
    expect(await next(follow(claim))).toMatchObject(end)
  })

  it('goes by the database when more than text may have moved, though some of that was heard a moment ago', async () => {
    const claim = await begun('Once')
    const { id: generationId, messageId, attempt } = claim
    const stream = follow(claim)
    expect(await next(stream)).toMatchObject({ text: 'Once' })

    await addText(chat.fork(), claim, { offset: 4, text: ' upon a time' })
    await finishReply(chat.fork(), claim)
    const grown = { messageId, generationId, attempt, offset: 4, text: ' upon' }
    chat.services.streams.replies.hear({ grown })
    chat.bus.publish(doorbellOf(claim.conversationId), null)
    expect([await next(stream), await next(stream)]).toMatchObject([
      { __typename: 'ReplyText', offset: 4, text: ' upon a time' },
      { __typename: 'ReplyEnded', length: 16 },
    ])
  })

  it('gives no more to who may not read the conversation any more', async () => {
    const claim = await begun('Public')
    const stream = follow(claim)
    await next(stream)
    await chat.fork().execute("UPDATE chat.conversation SET kind = 'GROUP' WHERE id = ?", [claim.conversationId])
    await addText(chat.fork(), claim, { offset: 6, text: ' no more' })
    ring(claim)

    await expect(stream.next()).rejects.toThrow(NotFoundError)
  })
})
