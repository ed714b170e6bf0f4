import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { toDurableEvent } from '../../event-log/durable-event.ts'
import type { EventPosition } from '../../event-log/event-cursor.ts'
import type { LoggedEvent } from '../../event-log/event-log.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import type { BegunClaim } from '../generation/claim.ts'
import { addText, claimReply, finishReply } from '../generation/testing/claims.ts'
import { LiveReplies } from './live-replies.ts'

/** A place in another log. */
const NOWHERE = { epoch: newUuid(), seq: 0 }

describe('the text of a conversation’s growing replies', () => {
  let chat: ChatFixture
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  /** A reply that is being written, with this text in the database, and somebody who follows its conversation. */
  async function begun(text: string): Promise<{ claim: BegunClaim; live: LiveReplies }> {
    await chat.say(await chat.converse('CHANNEL'), '@assistant, tell me.')
    const claim = await claimReply(chat.fork())
    if (!claim) throw new Error('There is no reply to write.')
    await addText(chat.fork(), claim, { offset: 0, text })
    const { replies, accesses } = chat.services.streams
    const { conversationId } = claim
    const live = new LiveReplies({ replies, conversationId, access: accesses.of(conversationId, newUuid()) })
    await live.join()
    return { claim, live }
  }

  const hear = (
    { id: generationId, messageId, attempt }: BegunClaim,
    offset: number,
    text: string,
    log: EventPosition = NOWHERE,
  ) => chat.services.streams.replies.hear({ grown: { messageId, generationId, attempt, offset, text, log } })
  const told = (
    live: LiveReplies,
    { conversationId, messageId }: BegunClaim,
    kind: 'ReplyStarted' | 'ReplyFinished',
  ) => {
    const event: LoggedEvent = { kind, messageId, seq: 7 }
    return live.before(toDurableEvent(conversationId, newUuid(), event))
  }

  it('is told to its end before ReplyFinished, though less of it was heard and the rings of the rest were lost', async () => {
    const { claim, live } = await begun('abcde')
    expect(await live.drain(NOWHERE)).toMatchObject([{ offset: 0, text: 'abcde' }])
    await addText(chat.fork(), claim, { offset: 5, text: 'fghij' })
    hear(claim, 5, 'fg')
    await finishReply(chat.fork(), claim)
    expect(await told(live, claim, 'ReplyFinished')).toMatchObject([{ attempt: 1, offset: 5, text: 'fghij' }])
    expect([await live.drain(NOWHERE), live.isLive()]).toEqual([[], false])
  })

  it('is told without asking who may read it, when the log was read as far as it went when the text was written', async () => {
    const { claim, live } = await begun('abc')
    await live.drain(NOWHERE)
    const here = { epoch: newUuid(), seq: 7 }
    for (const [offset, log, statements] of [
      [3, here, 0],
      [4, { ...here, seq: 6 }, 0],
      [5, { ...here, seq: 8 }, 1],
      [6, { ...here, epoch: newUuid() }, 1],
    ] as const) {
      hear(claim, offset, 'd', log)
      const asked = await chat.statementsOf(async () => {
        expect(await live.drain(here)).toMatchObject([{ offset, text: 'd' }])
      })
      expect(asked, JSON.stringify(log)).toHaveLength(statements)
    }
  })

  it('is not told to who was removed before it was written and has not read so in the log', async () => {
    const { claim, live } = await begun('abc')
    await live.drain(NOWHERE)
    await chat.fork().execute(`UPDATE chat.conversation SET kind = 'GROUP' WHERE id = ?`, [claim.conversationId])
    hear(claim, 3, 'd', { ...NOWHERE, seq: 1 })
    expect(await live.drain(NOWHERE)).toEqual([])
  })

  it('is told without reading it to who saw it begin', async () => {
    const { claim, live } = await begun('abc')
    await live.drain(NOWHERE)
    await told(live, claim, 'ReplyStarted')
    hear(claim, 0, 'abc')
    const statements = await chat.statementsOf(async () => {
      expect(await live.drain(NOWHERE)).toMatchObject([{ offset: 0, text: 'abc' }])
    })
    expect(statements).toEqual([])
  })

  it('is told as far as it goes, and not as far as was heard, to who comes to its beginning later', async () => {
    const { claim, live } = await begun('abcdef')
    await told(live, claim, 'ReplyStarted')
    hear(claim, 0, 'abc')
    expect(await live.drain(NOWHERE)).toMatchObject([{ offset: 0, text: 'abcdef' }])
  })

  it('is told whole to who had nothing of it when its end came', async () => {
    const { claim, live } = await begun('abcdefghij')
    hear(claim, 0, 'abcde')
    await finishReply(chat.fork(), claim)
    expect(await told(live, claim, 'ReplyFinished')).toMatchObject([{ offset: 0, text: 'abcdefghij' }])
  })

  it('is not told any more, though it was heard a moment ago, when the log says that it ended and it was taken back', async () => {
    const { claim, live } = await begun('Unspeakable')
    hear(claim, 0, 'Unspeakable')
    const error = { code: 'MODERATION_REFUSED', message: 'No.' } as const
    await finishReply(chat.fork(), claim, { status: 'FAILED', error, withdraw: true })
    expect(await told(live, claim, 'ReplyFinished')).toEqual([])

    // Nor to whoever comes later, whatever is repeated on the bus.
    hear(claim, 0, 'Unspeakable')
    await told(live, claim, 'ReplyStarted')
    expect(await live.drain(NOWHERE)).toEqual([])
  })
})
