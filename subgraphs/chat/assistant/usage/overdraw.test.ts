import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { GenerationError } from '../model/generation-error.ts'
import { PostgresLedger } from './postgres-ledger.ts'
import { type RunningReply, seedReplies, setAsideFor, spentBy } from './testing/accounts.ts'

/** One call that a reply makes, and how much of what it was granted it uses, from 0 to 1. */
interface PlannedCall {
  readonly input: number
  readonly output: number
  readonly use: number
  /** How often its end is booked; 0: its worker dies. */
  readonly settled: number
}

const LIMIT = 2_000

const call: fc.Arbitrary<PlannedCall> = fc.record({
  input: fc.nat({ max: 150 }),
  output: fc.integer({ min: 1, max: 400 }),
  use: fc.double({ min: 0, max: 1, noNaN: true }),
  settled: fc.constantFrom(0, 1, 1, 1, 2),
})

/** More than there is for them. */
const TOO_MANY = Array.from({ length: 10 }, () => [{ input: 100, output: 400, use: 1, settled: 1 }])

describe('many replies at once', () => {
  let chat: ChatFixture
  let conversationId: string
  beforeAll(async () => {
    chat = await openChatFixture()
    conversationId = (await chat.converse()).id
  })
  afterAll(() => chat[Symbol.asyncDispose]())

  const ledger = new PostgresLedger({ dailyTokens: LIMIT, concurrentReplies: 5 })

  let refusals = 0

  /** Makes a reply's calls one after another; returns what they have cost that was booked. */
  async function write(reply: RunningReply, calls: readonly PlannedCall[]): Promise<number> {
    let cost = 0
    for (const { input, output, use, settled } of calls) {
      try {
        const granted = await ledger.reserve(chat.fork(), reply, { inputTokens: input, outputTokens: output })
        expect(granted).toBeLessThanOrEqual(output)
        const used = { inputTokens: input, outputTokens: Math.floor(granted * use) }
        const settle = () => chat.fork().transactional((em) => ledger.settle(em, reply, used, 0))
        await Promise.all(Array.from({ length: settled }, settle))
        if (settled > 0) cost += used.inputTokens + used.outputTokens
      } catch (error) {
        if (!(error instanceof GenerationError && error.code === 'QUOTA_EXCEEDED')) throw error
        refusals += 1
      }
    }
    return cost
  }

  /** Looks on while somebody's tokens are spent: never more than the limit, and at the end what everything cost. */
  async function staysWithinLimit(userId: string, writing: Promise<number[]>): Promise<void> {
    let isOver = false
    void writing.finally(() => {
      isOver = true
    })
    do expect(await spentBy(chat, userId)).toBeLessThanOrEqual(LIMIT)
    while (!isOver)

    const cost = (await writing).reduce((sum, cost) => sum + cost, 0)
    expect((await spentBy(chat, userId)) - (await setAsideFor(chat, userId))).toBe(cost)
  }

  it('never cost more than the day’s limit together, and are booked to the token', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { maxLength: 10 }), async (plans) => {
        const userId = newUuid()
        const replies = await seedReplies(chat, { conversationId, userId, count: plans.length })
        const writing = Promise.all(replies.map((reply, index) => write(reply, plans[index] ?? [])))
        await staysWithinLimit(userId, writing)
      }),
      { numRuns: 20, examples: [[TOO_MANY]] },
    )
    expect(refusals).toBeGreaterThan(0)
  })

  it('never cost more than that with titles and summaries beside them', async () => {
    const userId = newUuid()
    const [granted, refused] = [[] as number[], [] as unknown[]]

    async function writeAside(kind: 'TITLE' | 'SUMMARY', settled: number): Promise<number> {
      const task = { conversationId: newUuid(), kind, model: 'a-model', payer: userId }
      const wanted = { inputTokens: 20, outputTokens: 300, leastOutputTokens: 16 }
      const outputTokens = await chat.fork().transactional((em) => ledger.setAside(em, task, wanted))
      if (outputTokens === null) return refused.push(task) && 0
      granted.push(outputTokens)
      const used = { inputTokens: 20, outputTokens: Math.floor(outputTokens * 0.9) }
      if (settled === 0) return 0
      await ledger.book(chat.fork(), task, used)
      return used.inputTokens + used.outputTokens
    }

    const replies = await seedReplies(chat, { conversationId, userId, count: 5 })
    const plan = [{ input: 10, output: 50, use: 1, settled: 1 }]
    const writing = Promise.all([
      ...replies.map((reply) => write(reply, plan)),
      ...Array.from({ length: 20 }, (_, index) => writeAside(index % 2 ? 'TITLE' : 'SUMMARY', index % 5)),
    ])
    await staysWithinLimit(userId, writing)
    expect([granted.length > 0, refused.length > 0]).toEqual([true, true])
  })

  it('all ask for the last tokens, and get no more than there are', async () => {
    const userId = newUuid()
    const replies = await seedReplies(chat, { conversationId, userId, count: 50 })
    const answers = await Promise.allSettled(
      replies.map((reply) => ledger.reserve(chat.fork(), reply, { inputTokens: 10, outputTokens: 90 })),
    )

    const granted = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(granted).toEqual(Array.from({ length: 20 }, () => 90))
    expect(await setAsideFor(chat, userId)).toBe(LIMIT)
  })

  it('are let in up to the limit of those under way', async () => {
    const userId = newUuid()
    const ask = () =>
      chat.fork().transactional(async (em) => {
        const isAdmitted = await ledger.admits(em, userId)
        if (isAdmitted) {
          await em.execute(
            `INSERT INTO chat.generation (conversation_id, id, message_id, status, model, requested_by)
             VALUES (?, gen_random_uuid(), gen_random_uuid(), 'QUEUED', 'a-model', ?)`,
            [conversationId, userId],
          )
        }
        return isAdmitted
      })
    const answers = await Promise.all(Array.from({ length: 30 }, ask))
    expect(answers.filter(Boolean)).toHaveLength(5)
  })
})
