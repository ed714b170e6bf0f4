import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { LeaseLostError } from '../generation/generation-lease.ts'
import type { PayableTask } from './ledger.ts'
import { PostgresLedger } from './postgres-ledger.ts'
import { releaseTasks } from './task-reservation.ts'
import { bookedOn, type RunningReply, seedReplies, setAsideFor } from './testing/accounts.ts'

const NOON = new Date('2026-03-01T12:00:00.000Z')
const TODAY = '2026-03-01'
const LIMIT = 1_000

describe('the ledger', () => {
  let chat: ChatFixture
  let conversationId: string
  let ada: string
  let now: Date
  beforeAll(async () => {
    chat = await openChatFixture()
    conversationId = (await chat.converse()).id
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(() => {
    ada = newUuid()
    now = NOON
  })

  const ledgerWith = ({ dailyTokens = LIMIT as number | null, concurrentReplies = 32 } = {}) =>
    new PostgresLedger({ dailyTokens, concurrentReplies, now: () => now })

  async function reply(userId = ada): Promise<RunningReply> {
    const [reply] = await seedReplies(chat, { conversationId, userId })
    if (!reply) throw new Error('No reply was added.')
    return reply
  }

  const reserve = (ledger: PostgresLedger, of: RunningReply, inputTokens: number, outputTokens: number) =>
    ledger.reserve(chat.fork(), of, { inputTokens, outputTokens })

  const settle = (ledger: PostgresLedger, of: RunningReply, input: number, output: number, replies: 0 | 1 = 1) =>
    chat.fork().transactional((em) => ledger.settle(em, of, { inputTokens: input, outputTokens: output }, replies))

  const admits = (ledger: PostgresLedger, userId = ada) => chat.fork().transactional((em) => ledger.admits(em, userId))

  const titleFor = (payer: string | null, model = 'a-model'): PayableTask => {
    return { conversationId, kind: 'TITLE', model, payer }
  }

  async function promptTokensOf({ id }: RunningReply): Promise<number | null> {
    const sql = 'SELECT prompt_tokens AS tokens FROM chat.generation WHERE id = ?'
    const [row] = await chat.fork().execute<{ tokens: number | null }[]>(sql, [id])
    return row?.tokens ?? null
  }

  it('sets aside what a call may cost, and books what it did cost', async () => {
    const ledger = ledgerWith()
    const asked = await reply()
    expect(await reserve(ledger, asked, 100, 200)).toBe(200)
    expect([await setAsideFor(chat, ada), await promptTokensOf(asked)]).toEqual([300, 100])
    expect(await bookedOn(chat, ada)).toEqual([])

    await settle(ledger, asked, 90, 42)
    expect(await setAsideFor(chat, ada)).toBe(0)
    expect(await bookedOn(chat, ada)).toEqual([{ day: TODAY, model: 'a-model', input: 90, output: 42, replies: 1 }])
  })

  it('adds up the calls of one reply, which is counted once', async () => {
    const ledger = ledgerWith()
    const asked = await reply()
    await reserve(ledger, asked, 10, 20)
    await settle(ledger, asked, 10, 5, 0)
    await reserve(ledger, asked, 30, 20)
    await settle(ledger, asked, 30, 7, 1)

    expect(await bookedOn(chat, ada)).toEqual([{ day: TODAY, model: 'a-model', input: 40, output: 12, replies: 1 }])
  })

  it('books a call once, however often it is settled', async () => {
    const ledger = ledgerWith()
    const asked = await reply()
    await reserve(ledger, asked, 10, 20)
    await settle(ledger, asked, 10, 5, 0)
    await settle(ledger, asked, 10, 5, 0)
    await settle(ledger, asked, 10, 5, 1)

    expect(await bookedOn(chat, ada)).toEqual([{ day: TODAY, model: 'a-model', input: 10, output: 5, replies: 1 }])
  })

  it('books nothing when the transaction that ends the reply fails', async () => {
    const ledger = ledgerWith()
    const asked = await reply()
    await reserve(ledger, asked, 10, 20)
    const failing = chat.fork().transactional(async (em) => {
      await ledger.settle(em, asked, { inputTokens: 10, outputTokens: 5 }, 1)
      throw new Error('The reply could not be ended.')
    })
    await expect(failing).rejects.toThrow('could not be ended')

    expect([await setAsideFor(chat, ada), await bookedOn(chat, ada)]).toEqual([30, []])
  })

  it('sets aside once for a reply whose call is made again', async () => {
    const ledger = ledgerWith()
    const asked = await reply()
    await reserve(ledger, asked, 100, 850)
    expect(await reserve(ledger, asked, 200, 750)).toBe(750)
    expect(await setAsideFor(chat, ada)).toBe(950)
  })

  it('grants what is left of the day, as long as a short answer fits', async () => {
    const ledger = ledgerWith()
    await ledger.book(chat.fork(), titleFor(ada), { inputTokens: 500, outputTokens: 100 })
    const [first, second, third] = [await reply(), await reply(), await reply()]
    expect(await reserve(ledger, first, 100, 200)).toBe(200)
    expect(await reserve(ledger, second, 20, 200)).toBe(80)
    await expect(reserve(ledger, third, 0, 200)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect([await admits(ledger), await promptTokensOf(third)]).toEqual([false, null])

    await settle(ledger, first, 100, 16)
    await expect(reserve(ledger, third, 169, 200)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })
    expect(await reserve(ledger, third, 168, 200)).toBe(16)
    await settle(ledger, second, 20, 0)
    expect([await admits(ledger), await reserve(ledger, await reply(), 70, 10)]).toEqual([true, 10])
  })

  it('begins every day at midnight in UTC, and books on the day on which it was set aside', async () => {
    const ledger = ledgerWith()
    const [late, next] = [await reply(), await reply()]
    now = new Date('2026-03-01T23:59:59.999Z')
    await reserve(ledger, late, 500, 480)
    expect([await admits(ledger)]).toEqual([true])
    await expect(reserve(ledger, next, 10, 200)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' })

    now = new Date('2026-03-02T00:00:00.000Z')
    expect([await admits(ledger), await reserve(ledger, next, 10, 990)]).toEqual([true, 990])
    await settle(ledger, late, 500, 480)
    await settle(ledger, next, 10, 1)
    expect(await bookedOn(chat, ada)).toMatchObject([
      { day: '2026-03-01', input: 500, output: 480 },
      { day: '2026-03-02', input: 10, output: 1 },
    ])
  })

  it('keeps nobody’s account for another, nor one model’s cost for another’s', async () => {
    const ledger = ledgerWith()
    const bob = newUuid()
    await reserve(ledger, await reply(), 900, 100)
    expect([await admits(ledger, ada), await admits(ledger, bob)]).toEqual([false, true])
    await ledger.book(chat.fork(), titleFor(bob, 'b-model'), { inputTokens: 1, outputTokens: 2 })
    await ledger.book(chat.fork(), titleFor(bob), { inputTokens: 3, outputTokens: 4 })
    await ledger.book(chat.fork(), titleFor(bob), { inputTokens: 3, outputTokens: 4 })

    expect(await bookedOn(chat, bob)).toEqual([
      { day: TODAY, model: 'a-model', input: 6, output: 8, replies: 0 },
      { day: TODAY, model: 'b-model', input: 1, output: 2, replies: 0 },
    ])
    expect(await bookedOn(chat, ada)).toEqual([])
  })

  it('sets aside for a title at most half of what is left, and books what it cost on that day', async () => {
    const ledger = ledgerWith()
    const title = titleFor(ada)
    const setAside = (of: PayableTask, inputTokens: number, outputTokens: number) =>
      chat.fork().transactional((em) => ledger.setAside(em, of, { inputTokens, outputTokens, leastOutputTokens: 16 }))
    expect([await setAside(title, 100, 700), await setAsideFor(chat, ada)]).toEqual([400, 500])
    expect([await setAside(title, 100, 300), await setAsideFor(chat, ada)]).toEqual([300, 400])
    expect([await setAside({ ...title, kind: 'SUMMARY' }, 285, 200), await setAsideFor(chat, ada)]).toEqual([null, 400])
    expect(await setAside({ ...title, kind: 'SUMMARY' }, 284, 200)).toBe(16)
    expect(await reserve(ledger, await reply(), 100, 800)).toBe(200)

    now = new Date('2026-03-02T00:00:00.000Z')
    await ledger.book(chat.fork(), title, { inputTokens: 90, outputTokens: 7 })
    await ledger.book(chat.fork(), { ...title, kind: 'SUMMARY' }, { inputTokens: 0, outputTokens: 0 })
    expect(await setAsideFor(chat, ada)).toBe(300)
    expect(await bookedOn(chat, ada)).toEqual([{ day: TODAY, model: 'a-model', input: 90, output: 7, replies: 0 }])
  })

  it('sets nothing aside for a title any more that does not fit, nor books one that nobody pays for', async () => {
    const ledger = ledgerWith()
    const title = titleFor(ada)
    const setAside = (inputTokens: number) =>
      chat
        .fork()
        .transactional((em) => ledger.setAside(em, title, { inputTokens, outputTokens: 100, leastOutputTokens: 80 }))
    expect([await setAside(100), await setAsideFor(chat, ada)]).toEqual([100, 200])
    expect([await setAside(421), await setAsideFor(chat, ada)]).toEqual([null, 0])
    expect([await setAside(420), await setAsideFor(chat, ada)]).toEqual([80, 500])
    await setAside(100)
    await ledger.book(chat.fork(), titleFor(null), { inputTokens: 100, outputTokens: 100 })
    expect([await setAsideFor(chat, ada), await bookedOn(chat, ada)]).toEqual([0, []])
  })

  it('asks of no model more than it can write for a title to be worth asking for', async () => {
    const tokens = { inputTokens: 100, outputTokens: 50, leastOutputTokens: 80 }
    expect(await chat.fork().transactional((em) => ledgerWith().setAside(em, titleFor(ada), tokens))).toBe(50)
  })

  it('releases what is set aside for given tasks, and for nothing else', async () => {
    const ledger = ledgerWith()
    const title = titleFor(ada)
    const [summary, other] = [
      { ...title, kind: 'SUMMARY' as const },
      { ...title, conversationId: newUuid() },
    ]
    const tokens = { inputTokens: 10, outputTokens: 20, leastOutputTokens: 16 }
    for (const task of [title, summary, other])
      await chat.fork().transactional((em) => ledger.setAside(em, task, tokens))
    expect(await setAsideFor(chat, ada)).toBe(90)
    await releaseTasks(chat.fork(), [])
    await releaseTasks(chat.fork(), [summary, { ...other, kind: 'SUMMARY' }])
    expect(await setAsideFor(chat, ada)).toBe(60)
    await releaseTasks(chat.fork(), [title, other])
    expect(await setAsideFor(chat, ada)).toBe(0)
  })

  it('grants everything without a limit, and waits for no account', async () => {
    const ledger = ledgerWith({ dailyTokens: null })
    const asked = await reply()
    const holder = chat.fork()
    await holder.begin()
    await holder.execute('INSERT INTO chat.assistant_account (user_id) VALUES (?)', [ada])
    expect(await reserve(ledger, asked, 1_000_000, 2_000_000)).toBe(2_000_000)
    await settle(ledger, asked, 1_000_000, 3)
    await holder.rollback()

    expect(await bookedOn(chat, ada)).toMatchObject([{ input: 1_000_000, output: 3, replies: 1 }])
  })

  it('begins no call for a worker that was overtaken, or whose reply has ended', async () => {
    const ledger = ledgerWith()
    const [overtaken, ended] = [await reply(), await reply()]
    await chat.fork().execute('UPDATE chat.generation SET attempt = 2 WHERE id = ?', [overtaken.id])
    await chat.fork().execute(`UPDATE chat.generation SET status = 'CANCELLED' WHERE id = ?`, [ended.id])

    await expect(reserve(ledger, overtaken, 1, 20)).rejects.toThrow(LeaseLostError)
    await expect(reserve(ledger, ended, 1, 20)).rejects.toThrow(LeaseLostError)
    expect(await setAsideFor(chat, ada)).toBe(0)
  })

  it('has nobody pay for whom the account was deleted', async () => {
    const ledger = ledgerWith()
    const asked = await reply()
    await chat.fork().execute('UPDATE chat.generation SET requested_by = NULL WHERE id = ?', [asked.id])
    expect(await reserve(ledger, asked, 5_000, 5_000)).toBe(5_000)
    await settle(ledger, asked, 5_000, 5_000)

    const sql = 'SELECT FROM chat.token_reservation WHERE generation_id = ?'
    expect([await chat.fork().execute(sql, [asked.id]), await bookedOn(chat, ada)]).toEqual([[], []])
  })

  it('counts the replies under way and no others', async () => {
    const ledger = ledgerWith({ concurrentReplies: 2 })
    const [first] = [await reply(), await reply()]
    expect([await admits(ledger), await admits(ledger, newUuid())]).toEqual([false, true])
    await chat.fork().execute(`UPDATE chat.generation SET status = 'FAILED' WHERE id = ?`, [first.id])
    expect(await admits(ledger)).toBe(true)
  })
})
