import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../../../../platform/ids.ts'
import { type ChatFixture, openChatFixture } from '../../testing/chat-fixture.ts'
import { readUsage } from './usage-report.ts'

const NOW = new Date('2026-03-31T15:00:00.000Z')
const NOTHING = { inputTokens: 0, outputTokens: 0, totalTokens: 0, replies: 0, days: [] }
const USAGE = `query Usage($from: DateTime, $to: DateTime) {
  usage(from: $from, to: $to) { inputTokens outputTokens totalTokens replies days { date model inputTokens outputTokens replies } }
}`

describe('a report of usage', () => {
  let chat: ChatFixture
  let ada: string
  beforeAll(async () => {
    chat = await openChatFixture()
  })
  afterAll(() => chat[Symbol.asyncDispose]())
  beforeEach(() => {
    ada = newUuid()
  })

  const book = (
    day: string,
    input: number | bigint,
    { model = 'a-model', output = 1, replies = 1, userId = ada } = {},
  ) =>
    chat
      .fork()
      .execute('INSERT INTO chat.usage_day VALUES (?, ?, ?, ?, ?, ?)', [userId, day, model, input, output, replies])

  const usage = (from?: string, to?: string, now = NOW) =>
    readUsage(chat.fork(), ada, { from: from ? new Date(from) : null, to: to ? new Date(to) : null, now })

  const datesOf = async (...args: Parameters<typeof usage>) => (await usage(...args)).days.map(({ date }) => date)

  it('is empty for who has used nothing', async () => {
    await book('2026-03-31', 7, { userId: newUuid() })
    expect(await usage()).toEqual(NOTHING)
  })

  it('adds up days and models, oldest first', async () => {
    await book('2026-03-31', 100, { model: 'b-model', output: 10, replies: 2 })
    await book('2026-03-31', 30, { output: 3, replies: 0 })
    await book('2026-03-30', 5, { output: 2 })

    expect(await usage()).toEqual({
      inputTokens: 135,
      outputTokens: 15,
      totalTokens: 150,
      replies: 3,
      days: [
        { date: '2026-03-30', model: 'a-model', inputTokens: 5, outputTokens: 2, totalTokens: 7, replies: 1 },
        { date: '2026-03-31', model: 'a-model', inputTokens: 30, outputTokens: 3, totalTokens: 33, replies: 0 },
        { date: '2026-03-31', model: 'b-model', inputTokens: 100, outputTokens: 10, totalTokens: 110, replies: 2 },
      ],
    })
  })

  it('is of the last 30 days unless it is told otherwise, and of whole days in UTC', async () => {
    for (const day of ['2026-01-30', '2026-01-31', '2026-03-01', '2026-03-02', '2026-03-31', '2026-04-01']) {
      await book(day, 1)
    }
    expect(await datesOf()).toEqual(['2026-03-02', '2026-03-31'])
    expect(await datesOf(undefined, '2026-03-01T00:00:00.000Z')).toEqual(['2026-01-31', '2026-03-01'])
    expect(await datesOf('2026-03-01T23:59:59.999Z', '2026-03-02T00:00:00.000Z')).toEqual(['2026-03-01', '2026-03-02'])
    expect(await datesOf('2026-03-02T00:30:00+01:00')).toEqual(['2026-03-01', '2026-03-02', '2026-03-31'])
    expect(await datesOf('2026-03-31T23:00:00.000Z')).toEqual(['2026-03-31'])
    expect(await datesOf(undefined, undefined, new Date('2026-04-01T00:00:00.000Z'))).toContain('2026-04-01')
  })

  it('refuses days in the wrong order, and more than 366 days apart', async () => {
    for (const [from, to] of [
      ['2026-03-02T00:00:00Z', '2026-03-01T23:59:59Z'],
      ['2026-03-01T13:00:00Z', '2026-03-01T12:59:59Z'],
      ['2026-04-01T00:00:00Z', undefined],
      ['2025-01-01T23:59:59Z', '2026-01-03T00:00:00Z'],
      ['2025-01-01T00:00:00Z', undefined],
    ] as const) {
      await expect(usage(from, to)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    }
    expect(await usage('2025-01-01T00:00:00Z', '2026-01-02T23:59:59Z')).toEqual(NOTHING)
    expect(await usage('2026-03-01T12:00:00Z', '2026-03-01T12:00:00Z')).toEqual(NOTHING)
  })

  it.each(['0000-01-01T00:00:00+23:59', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'])(
    'knows every day that can be named, such as that of %s',
    async (moment) => {
      const { data, errors } = await chat.run(ada, USAGE, { from: moment, to: moment })
      expect(errors).toBeUndefined()
      expect(data).toMatchObject({ usage: NOTHING })
    },
  )

  it('says the largest number there is for what is larger', async () => {
    const today = new Date().toISOString().slice(0, 10)
    await book(today, 9_007_199_254_740_991n)
    const { data, errors } = await chat.run(ada, USAGE)
    expect(errors).toBeUndefined()
    const most = 2_147_483_647
    expect(data).toMatchObject({
      usage: { inputTokens: most, totalTokens: most, outputTokens: 1, days: [{ date: today, inputTokens: most }] },
    })
  })
})
