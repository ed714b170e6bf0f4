import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { viewerNamed } from '../../testing/chat-fixture.ts'
import type { Ledger } from '../usage/ledger.ts'
import { PostgresLedger } from '../usage/postgres-ledger.ts'
import { setAsideFor, spentBy } from '../usage/testing/accounts.ts'
import { openTaskDesk, type TaskDesk } from './testing/task-desk.ts'

const LIMIT = 3_000
const TITLES = 8

describe('the titles of one person’s conversations', () => {
  let desk: TaskDesk
  const ledger: Ledger = new PostgresLedger({ dailyTokens: LIMIT, concurrentReplies: 32 })
  beforeAll(async () => {
    desk = await openTaskDesk(16_000)
  })
  afterAll(() => desk[Symbol.asyncDispose]())
  beforeEach(async () => {
    for (const table of ['assistant_task', 'usage_day', 'token_reservation'])
      await desk.chat.fork().execute(`DELETE FROM chat.${table}`)
  })

  async function begun() {
    const conversation = await desk.chat.converse()
    await desk.answered(conversation, 'How do bees fly?', 'With their wings.')
    return conversation
  }

  /** Holds the model's answers, each as long as it may be, until they are all let go. */
  function heldAnswers() {
    const held: (() => void)[] = []
    desk.scripted.answerSideRequestsWith((answer, { max_tokens: longest = 0 }) => {
      held.push(() => answer.say('Flight').finish({ prompt_tokens: 30, completion_tokens: longest }))
    })
    return held
  }

  /** Those that wait for tomorrow, at midnight, are none of today's. */
  async function tasksLeft(): Promise<number> {
    const [{ count }] = await desk.chat.fork().execute<[{ count: number }]>(
      `SELECT count(*)::integer AS count FROM chat.assistant_task
       WHERE lease_until IS DISTINCT FROM date_trunc('day', lease_until, 'UTC') OR lease_until IS NULL`,
    )
    return count
  }

  const spent = () => spentBy(desk.chat, desk.chat.viewerId)
  const setAside = () => setAsideFor(desk.chat, desk.chat.viewerId)
  const expire = () =>
    desk.chat.fork().execute("UPDATE chat.assistant_task SET lease_until = now() - interval '1 second'")

  it('never cost more than the day’s limit together, however many are written at once', async () => {
    for (let count = 0; count < TITLES; count += 1) await begun()
    const held = heldAnswers()
    await using _one = desk.openWorker(ledger)
    await using _other = desk.openWorker(ledger)
    await expect.poll(async () => held.length + (TITLES - (await tasksLeft())), { timeout: 10_000 }).toBe(TITLES)
    expect([await spent(), held.length < TITLES]).toEqual([await setAside(), true])
    expect(await setAside()).toBeLessThanOrEqual(LIMIT)
    for (const answer of held) answer()
    await expect.poll(tasksLeft).toBe(0)

    expect(held.length).toBeGreaterThan(1)
    expect(await spent()).toBeLessThanOrEqual(LIMIT)
    expect(await spent()).toBeGreaterThan(LIMIT / 2)
    expect(await setAside()).toBe(0)
  })

  it('leave at least half of what is left to a question that is asked meanwhile', async () => {
    const conversation = await begun()
    const held = heldAnswers()
    await using _worker = desk.openWorker(ledger)
    await expect.poll(() => held.length).toBe(1)
    expect(await setAside()).toBeGreaterThan(LIMIT / 3)
    expect(await setAside()).toBeLessThanOrEqual(LIMIT / 2)
    for (const answer of held) answer()
    await expect.poll(() => desk.titleOf(conversation)).toBe('Flight')
  })

  it('hold nothing when they were handed over, failed, were lost or are not wanted any more', async () => {
    const conversation = await begun()
    const held = heldAnswers()
    const stopping = desk.openWorker(ledger)
    await expect.poll(() => held.length).toBe(1)
    await stopping[Symbol.asyncDispose]()
    expect(await setAside()).toBe(0)

    desk.scripted.answerSideRequestsWith((answer) => answer.refuse(400, 'No.'))
    const failing = desk.openWorker(ledger)
    await expect.poll(() => desk.tasksOf(conversation)).toMatchObject([{ state: 'put off' }])
    await failing[Symbol.asyncDispose]()
    expect(await setAside()).toBe(0)

    for (const attempts of [1, 3]) {
      const { id: conversationId } = conversation
      const task = { conversationId, kind: 'TITLE', model: 'a-model', payer: desk.chat.viewerId } as const
      await ledger.setAside(desk.chat.fork(), task, { inputTokens: 10, outputTokens: 100, leastOutputTokens: 16 })
      await desk.chat.fork().execute('UPDATE chat.assistant_task SET attempts = ?', [attempts])
      await expire()
      if (attempts === 1) {
        const change = { title: 'By hand' }
        const { services, fork, viewerId } = desk.chat
        await services.conversations.update(fork(), viewerNamed(viewerId), conversationId, change)
      }
      await using _next = desk.openWorker(ledger)
      await expect.poll(tasksLeft).toBe(0)
      expect(await setAside()).toBe(0)
      await desk.chat
        .fork()
        .execute(
          `INSERT INTO chat.assistant_task (conversation_id, kind, requested_by, model) VALUES (?, 'TITLE', ?, 'a-model')`,
          [conversationId, desk.chat.viewerId],
        )
    }
  })

  it('are paid by whoever deletes their conversations meanwhile, too', async () => {
    const conversation = await begun()
    const held = heldAnswers()
    await using _worker = desk.openWorker(ledger)
    await expect.poll(() => held.length).toBe(1)
    const { services, fork, viewerId } = desk.chat
    await services.conversations.delete(fork(), viewerNamed(viewerId), conversation.id)
    const aside = await setAside()
    for (const answer of held) answer()
    await expect.poll(setAside).toBe(0)
    expect(await spent()).toBeGreaterThan(aside / 2)
  })
})
