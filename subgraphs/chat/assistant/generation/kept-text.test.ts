import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { failureOf } from '../model/generation-error.ts'
import { type BegunClaim, claimNext } from './claim.ts'
import { endReply, finish } from './ending.ts'
import { handOver } from './generation-lease.ts'
import { addText, claimReply, FREE, finishReply } from './testing/claims.ts'

/** A reply's row, as far as it is looked at here. */
interface Row {
  readonly status: string
  readonly attempt: number
  readonly keptLength: number | null
  readonly textLength: number
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly isEstimated: boolean | null
  readonly promptTokens: number | null
}

describe('the text of a reply that goes from worker to worker', () => {
  let chat: ChatFixture
  let talk: Conversation
  let reply: BegunClaim
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(async () => {
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE status IN ('QUEUED', 'RUNNING')`)
    talk = await chat.converse()
    await chat.say(talk, 'Tell me')
    reply = await claim()
    await addText(chat.fork(), reply, { offset: 0, text: 'Once upon' })
  })

  async function claim(canContinue = false): Promise<BegunClaim> {
    const claimed = await claimReply(chat.fork(), 60_000, () => canContinue)
    if (!claimed) throw new Error('There is no reply to write.')
    return claimed
  }

  const set = (columns: string) =>
    chat.fork().execute(`UPDATE chat.generation SET ${columns} WHERE conversation_id = ?`, [talk.id])
  const only = async <Value>(sql: string): Promise<Value> => {
    const [found] = await chat.fork().execute<Value[]>(sql, [talk.id])
    if (found === undefined) throw new Error('It is not there.')
    return found
  }
  const row = () =>
    only<Row>(
      `SELECT status, attempt, kept_length AS "keptLength", text_length AS "textLength", input_tokens AS "inputTokens",
         output_tokens AS "outputTokens", usage_is_estimated AS "isEstimated", prompt_tokens AS "promptTokens"
       FROM chat.generation WHERE conversation_id = ?`,
    )
  const text = async () =>
    (
      await only<{ text: string | null }>(
        `SELECT string_agg(text, '' ORDER BY start_offset) AS text FROM chat.generation_chunk WHERE conversation_id = ?`,
      )
    ).text ?? ''
  const body = async () =>
    (await only<{ body: string }>(`SELECT body FROM chat.message WHERE conversation_id = ? AND role = 'ASSISTANT'`))
      .body

  it('stays where the model can go on with it, and the next worker writes behind it', async () => {
    await handOver(chat.fork(), reply)
    const next = await claim(true)

    expect(next).toMatchObject({ attempt: 2, keptLength: 9, begun: null })
    await addText(chat.fork(), next, { offset: 9, text: ' a time' })
    await finishReply(chat.fork(), next)
    expect(await body()).toBe('Once upon a time')
  })

  it('goes where the model cannot, up to what was there when tools were last called', async () => {
    await set('step_length = 5')
    await addText(chat.fork(), reply, { offset: 9, text: ' a time' })
    await chat.fork().execute('UPDATE chat.generation_chunk SET start_offset = 5 WHERE start_offset = 0')
    await chat.fork().execute(
      `INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
         SELECT conversation_id, id, 1, 0, 5, 'Once ' FROM chat.generation WHERE conversation_id = ?`,
      [talk.id],
    )
    await set("lease_until = now() - interval '1 s'")

    expect(await claim()).toMatchObject({ attempt: 2, keptLength: 5 })
    expect(await text()).toBe('Once ')
    expect(await row()).toMatchObject({ keptLength: 5, textLength: 5 })
  })

  it('is remembered as far as all attempts have it in common', async () => {
    expect(await row()).toMatchObject({ keptLength: null })
    for (const [attempt, step, kept] of [
      [2, 9, 9],
      [3, 0, 0],
    ]) {
      await handOver(chat.fork(), reply)
      await set(`step_length = ${step}`)
      reply = await claim()
      expect(await row()).toMatchObject({ attempt, keptLength: kept, textLength: step })
    }
    await addText(chat.fork(), reply, { offset: 0, text: 'Anew' })
    await handOver(chat.fork(), reply)
    expect(await claim(true)).toMatchObject({ attempt: 4, keptLength: 4 })
    expect(await row()).toMatchObject({ keptLength: 0, textLength: 4 })
  })

  it('stays when somebody wants it gone on with, whatever the model can, and the log tells of the new beginning', async () => {
    await finishReply(chat.fork(), reply, { status: 'COMPLETED', finishReason: 'length' })
    await chat.fork().execute(
      `INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
         SELECT conversation_id, id, 1, 0, 9, 'Once upon' FROM chat.generation WHERE conversation_id = ?`,
      [talk.id],
    )
    await set(`status = 'QUEUED', continues = true, step_length = 9`)
    const next = await claim()

    expect(next).toMatchObject({ attempt: 2, keptLength: 9, begun: { events: [{ kind: 'ReplyStarted' }] } })
    expect(await text()).toBe('Once upon')
    await addText(chat.fork(), next, { offset: 9, text: ' a time' })
    await handOver(chat.fork(), next)
    expect(await claim(), 'and in every later attempt').toMatchObject({ attempt: 3, keptLength: 9 })
    expect(await text()).toBe('Once upon')
  })

  it('waits with the reply while a tool call waits for an answer: no worker takes it', async () => {
    await set('is_parked = true, lease_until = NULL')
    expect(await claimReply(chat.fork())).toBeNull()
    await set('is_parked = false')
    expect(await claimReply(chat.fork())).toMatchObject({ attempt: 2 })
  })

  it('is booked as far as a lost worker had come, when the next one takes over, and not again at the end', async () => {
    await chat.ledger.reserve(chat.fork(), reply, { inputTokens: 100, outputTokens: 50 })
    await addText(chat.fork(), reply, { offset: 9, text: ' 👋漢' })
    await set("lease_until = now() - interval '1 s'")
    const next = await claimNext(chat.fork(), { leaseMs: 60_000, canContinue: () => true, ledger: chat.ledger })
    if (!next) throw new Error('There is no reply to write.')

    // 9 + 1 + 4 + 3 bytes.
    const estimated = { inputTokens: 100, outputTokens: 5, isEstimated: true, promptTokens: null }
    expect(await row()).toMatchObject({ ...estimated, textLength: 13 })
    const usage = { inputTokens: 7, outputTokens: 3, isEstimated: false }
    await chat.ledger.reserve(chat.fork(), next, { inputTokens: 110, outputTokens: 50 })
    await addText(chat.fork(), next, { offset: 13, text: ', more' })
    const outcome = { status: 'COMPLETED', finishReason: 'stop', usage } as const
    await finish(chat.fork(), next, { outcome, ledger: chat.ledger })
    expect(await row()).toMatchObject({ inputTokens: 107, outputTokens: 8, isEstimated: true, promptTokens: null })
    const [booked] = await chat
      .fork()
      .execute('SELECT input_tokens::int AS input, output_tokens::int AS output, replies FROM chat.usage_day')
    expect(booked).toEqual({ input: 107, output: 8, replies: 1 })
  })

  it('is taken back where it was refused: the attempt rises, so that watchers keep nothing of it', async () => {
    await finishReply(chat.fork(), reply, {
      status: 'FAILED',
      error: failureOf('MODERATION_REFUSED'),
      withdraw: true,
    })
    expect(await row()).toMatchObject({ status: 'FAILED', attempt: 2, keptLength: 0, textLength: 0 })
    expect([await body(), await text()]).toEqual(['', ''])
  })

  it('takes what tools said with it when it was refused, and else leaves that before what is to come', async () => {
    const call = async () => {
      await chat.fork().execute(
        `INSERT INTO chat.tool_call (conversation_id, id, generation_id, message_id, step, position, text_offset,
           provider_id, name, arguments, result, status)
         SELECT conversation_id, gen_random_uuid(), id, message_id, 1, 0, 9, 'call', 'a_tool', '{}', 'Found', 'DONE'
         FROM chat.generation WHERE conversation_id = ?`,
        [talk.id],
      )
    }
    const calls = () =>
      chat.fork().execute('SELECT text_offset FROM chat.tool_call WHERE conversation_id = ?', [talk.id])
    await call()
    await finishReply(chat.fork(), reply, { status: 'FAILED', error: failureOf('PROVIDER_TIMEOUT'), withdraw: true })
    expect(await calls()).toEqual([{ text_offset: 0 }])
    await set("status = 'RUNNING'")
    const again = { ...reply, attempt: 2 }
    await finishReply(chat.fork(), again, { status: 'FAILED', error: failureOf('MODERATION_REFUSED'), withdraw: true })
    expect(await calls()).toEqual([])
  })

  it('is kept when the reply is ended from outside, before a worker took it and after', async () => {
    await chat.fork().transactional((em) => endReply(em, reply, { status: 'CANCELLED' }, FREE))
    expect([await body(), await text()]).toEqual(['Once upon', ''])
    expect(await row()).toMatchObject({ status: 'CANCELLED', attempt: 1, inputTokens: 0, outputTokens: 0 })
    await expect(finishReply(chat.fork(), reply)).rejects.toThrow('The lease on this reply is lost.')
  })
})
