import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId, newUuid } from '../../../platform/ids.ts'
import { ReplyRemoval } from '../assistant/control/reply-removal.ts'
import { appendChunks } from '../assistant/generation/append-chunks.ts'
import { finish } from '../assistant/generation/ending.ts'
import { type Claim, LeaseLostError } from '../assistant/generation/generation-lease.ts'
import { claimReply } from '../assistant/generation/testing/claims.ts'
import { REPLY_STOPPED } from '../assistant/generation/topics.ts'
import { bookedOn, setAsideFor } from '../assistant/usage/testing/accounts.ts'
import { type ChatFixture, openChatFixture } from '../testing/chat-fixture.ts'
import { removeConversation } from './conversation-removal.ts'
import { ConversationCalls } from './testing/conversation-calls.ts'

describe('the removal of a conversation', () => {
  let chat: ChatFixture
  let calls: ConversationCalls
  beforeAll(async () => {
    chat = await openChatFixture()
    calls = new ConversationCalls(chat)
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  it('touches nothing of a conversation that was not deleted', async () => {
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'Tell me.')
    const rowsOf = async () => {
      const tables = ['generation', 'conversation_event', 'message', 'member', 'conversation']
      const select = (table: string) =>
        chat
          .fork()
          .execute(`SELECT * FROM chat.${table} WHERE ${table === 'conversation' ? 'id' : 'conversation_id'} = ?`, [
            talk.id,
          ])
      return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await select(table)])))
    }
    const before = await rowsOf()
    await remove(talk.id)

    expect(before).toMatchObject({ generation: [{ status: 'QUEUED' }], message: [{ number: 1 }, { number: 2 }] })
    expect(await rowsOf()).toEqual(before)
  })

  it('ends replies later when they cannot be stopped at the deletion, which is answered as done', async () => {
    const talk = await chat.converse('ASSISTANT')
    await chat.say(talk, 'Tell me.')
    const em = chat.fork()
    await em.execute(`CREATE FUNCTION chat.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'not now'; END $$`)
    await em.execute(
      'CREATE TRIGGER refuse BEFORE UPDATE ON chat.generation FOR EACH ROW EXECUTE FUNCTION chat.refuse()',
    )
    const answer = await calls.change(chat.viewerId, 'deleteConversation', talk)
    await em.execute('DROP TRIGGER refuse ON chat.generation')

    expect(answer).toMatchObject({ deletedConversationId: encodeId('cnv', talk.id), codes: [] })
    await remove(talk.id)
    expect(await em.execute('SELECT FROM chat.generation WHERE conversation_id = ?', [talk.id])).toEqual([])
    expect(await em.execute('SELECT FROM chat.conversation WHERE id = ?', [talk.id])).toEqual([])
  })

  it('gives nobody back what replies have cost, those included that were being written', async () => {
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status = 'QUEUED'`)
    const userId = newUuid()
    const talk = await chat.services.conversations.create(chat.fork(), userId, { kind: 'ASSISTANT' })
    for (const body of ['First', 'Second', 'Third', 'Fourth']) {
      await chat.services.messages.send(chat.fork(), userId, talk, { body, clientId: newUuid() })
    }
    const [ended, written, waiting] = [await claim(), await claim(), await claim()]
    for (const reply of [ended, written]) {
      await chat.ledger.reserve(chat.fork(), reply, { inputTokens: 10, outputTokens: 100 })
    }
    const usage = { inputTokens: 9, outputTokens: 8, isEstimated: false }
    await finish(chat.fork(), ended, { outcome: { status: 'COMPLETED', usage }, ledger: chat.ledger })
    const text = 'Vier Bytes, grüßt man.'
    await appendChunks(chat.fork(), [{ ...written, offset: 0, text }], 60_000)
    expect(await setAsideFor(chat, userId)).toBe(110)
    const stopped: unknown[] = []
    const leave = chat.bus.subscribe(REPLY_STOPPED, (id) => void stopped.push(id))
    expect(await calls.change(userId, 'deleteConversation', talk)).toMatchObject({ codes: [] })
    await expect.poll(() => stopped).toEqual(expect.arrayContaining([written.id, waiting.id]))
    leave()

    const [{ day = '' } = {}] = await bookedOn(chat, userId)
    // 24 bytes of the text are 6 tokens; the third was between two calls, the fourth had not begun.
    const booked = [{ day, model: 'a-model', input: 9 + 10, output: 8 + 6, replies: 4 }]
    expect([await setAsideFor(chat, userId), await bookedOn(chat, userId)]).toEqual([0, booked])
    for (const reply of [written, waiting]) {
      await expect(
        finish(chat.fork(), reply, { outcome: { status: 'CANCELLED' }, ledger: chat.ledger }),
      ).rejects.toThrow(LeaseLostError)
    }
    await remove(talk.id)
    expect(await bookedOn(chat, userId)).toEqual(booked)
  })

  const remove = (id: string) =>
    removeConversation(chat.fork, id, { replies: new ReplyRemoval(chat), signal: new AbortController().signal })

  async function claim(): Promise<Claim> {
    const reply = await claimReply(chat.fork())
    if (!reply) throw new Error('There is no reply to write.')
    return reply
  }
})
