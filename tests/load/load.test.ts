import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { drawChart } from '../../bench/load/chart.ts'
import { DeliveryChecker } from '../../bench/load/delivery-checker.ts'
import { Histogram } from '../../bench/load/histogram.ts'
import { isAsPromised, type LoadRun, runLoad } from '../../bench/load/load.ts'
import { readLoadOptions, UsageError } from '../../bench/load/options.ts'
import { scheduleOf } from '../../bench/load/schedule.ts'
import { summarise } from '../../bench/load/summary.ts'
import { startTestGraph } from '../support/test-graph.ts'
import { faultOfXml } from './well-formed.ts'

describe('a run of load', () => {
  const graph = startTestGraph()
  afterAll(async () => (await graph)[Symbol.asyncDispose]())

  const runOn = async (given: Partial<LoadRun> = {}) => ({
    ...{ origin: (await graph).url, users: 4, minutes: 0.05, rate: 8, replies: 0.3, seed: 7 },
    ...{ signal: new AbortController().signal, say: () => undefined },
    ...given,
  })

  it('sends, reads, asks the assistant, and finds that everybody got everything once and in order', async () => {
    const result = await runLoad(await runOn())
    const summary = summarise(result)
    expect(summary).toMatch(/All \d+ acknowledged messages came to each follower once and in order/)
    expect(summary).toMatch(/\nPASSED$/)
    expect(result).toMatchObject({ isGood: true, followers: 8, unfinishedReplies: 0 })
    const { measurements, verdict } = result
    for (const wait of ['sendMessage', 'markRead', 'messages', 'conversations', 'firstText', 'reply'] as const) {
      expect(measurements.waitsOf(wait).count, wait).toBeGreaterThan(0)
    }
    expect(measurements.waitsOf('delivery').count).toBe(4 * measurements.waitsOf('sendMessage').count)
    // Replies are messages, too.
    expect(verdict.delivered).toBe(4 * verdict.acknowledged)
    const chart = drawChart(result)
    expect(faultOfXml(chart)).toBeUndefined()
    expect(chart).toContain('milliseconds (log)')
    expect(chart.match(/<path class="line/g)?.length).toBeGreaterThanOrEqual(8)
  })

  it('ends with a summary as soon as it is stopped', async () => {
    const stopped = new AbortController()
    const result = await runLoad(
      await runOn({ minutes: 60, signal: stopped.signal, onProgress: () => stopped.abort() }),
    )
    expect(result.seconds).toBeLessThan(30)
    expect(summarise(result)).toMatch(/\nPASSED$/)
  })

  it('counts requests that were refused by their code, and fails when they are more than one in a hundred', async () => {
    await using strict = await startTestGraph({ environment: { LIMIT_DEPTH: '4' } })
    const result = await runLoad(await runOn({ origin: strict.url, replies: 0 }))
    expect(result.isGood).toBe(false)
    expect(result.measurements.failuresOf('messages')).toBeGreaterThan(0)
    expect(summarise(result)).toMatch(/\d+ × OPERATION_TOO_EXPENSIVE/)
  })

  it('keeps the accounts that it makes on a deployment, for its owner alone, and uses them again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-load-test-'))
    const file = join(folder, 'below', 'accounts.json')
    const run = await runOn({ accounts: file, users: 2, minutes: 0.01, replies: 0 })
    await runLoad(run)
    const first = await readFile(file, 'utf8')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await runLoad(run)
    expect(await readFile(file, 'utf8')).toBe(first)
    await runLoad({ ...run, users: 3 })
    const accounts = JSON.parse(await readFile(file, 'utf8'))[run.origin]
    expect(accounts).toHaveLength(3)
    expect(accounts.slice(0, 2)).toEqual(JSON.parse(first)[run.origin])
    await rm(folder, { recursive: true })
  })
})

describe('the checker', () => {
  const message = (number: number) => ({ id: `msg_${number}`, number })
  const verdictOf = (received: readonly number[], acknowledged: readonly number[]) => {
    const checker = new DeliveryChecker()
    const follower = checker.follow('Ada', 'cnv_1')
    for (const number of acknowledged) checker.acknowledged('cnv_1', message(number))
    for (const number of received) follower.received(message(number))
    return checker.judge()
  }

  it.each([
    ['a gap', [1, 2, 4], { lost: 1, doubled: 0, disordered: 0 }, 'Ada never got 3 of cnv_1'],
    [
      'an end that is missing',
      [1, 2],
      { lost: 2, doubled: 0, disordered: 0 },
      'Ada never got the last 2 of cnv_1, after 2',
    ],
    ['nothing at all', [], { lost: 4 }, 'Ada never got the last 4 of cnv_1, after 0'],
    ['a double', [1, 2, 2, 3, 4], { lost: 0, doubled: 1, disordered: 0 }, 'Ada got 2 of cnv_1 again'],
    ['another order', [1, 3, 2, 4], { lost: 0, doubled: 0, disordered: 1 }, 'Ada got 2 of cnv_1 after 3'],
  ])('tells of %s', (_, received, counts, finding) => {
    const verdict = verdictOf(received, [1, 2, 3, 4])
    expect(verdict).toMatchObject(counts)
    expect(verdict.findings).toEqual([finding])
    expect(isAsPromised(verdict)).toBe(false)
  })

  it('tells of another message under an acknowledged number', () => {
    const checker = new DeliveryChecker()
    checker.acknowledged('cnv_1', message(1))
    checker.follow('Ada', 'cnv_1').received({ id: 'msg_other', number: 1 })
    expect(checker.judge()).toMatchObject({ contradicted: 1, lost: 0 })
  })

  it('is content with all of them in order, and with more than was acknowledged', () => {
    expect(isAsPromised(verdictOf([1, 2, 3, 4], [2, 1, 3]))).toBe(true)
  })
})

describe('the options', () => {
  it.each(['http://127.0.0.1:4000', 'http://127.9.8.7', 'http://localhost:4000', 'https://[::1]:4000/graphql'])(
    'take %s, which is this machine',
    (url) => {
      expect(readLoadOptions(['--url', url]).url).toBe(new URL(url).origin)
    },
  )

  it.each([
    ...['http://192.0.2.1:4000', 'https://example.com', 'http://localhost.example.com', 'http://127.0.0.1.example.com'],
    ...['http://127.0.0.1@example.com', 'http://[::2]', 'http://0.0.0.0:4000', 'ftp://127.0.0.1', 'nonsense'],
  ])('refuse %s, which is not', (url) => {
    expect(() => readLoadOptions(['--url', url])).toThrow(/must be a gateway on this machine/)
  })

  it.each([
    ['--users', '2001'],
    ['--users', '1.5'],
    ['--minutes', '61'],
    ['--rate', '201'],
    ['--rate', ''],
    ['--replies', '2'],
    ['--haste', '1'],
  ])('refuse %s %s', (...args) => {
    expect(() => readLoadOptions(args)).toThrow(UsageError)
  })
})

it('the schedule is the same for the same seed, and has the rate that was asked for', () => {
  const given = { users: 5, messagesPerSecond: 10, seed: 3 }
  const first = scheduleOf(given).take(6_000).toArray()
  expect(scheduleOf(given).take(6_000).toArray()).toEqual(first)
  const sends = first.filter(({ operation }) => operation === 'sendMessage')
  const seconds = (first.at(-1)?.afterMs ?? 0) / 1_000
  expect(sends.length / seconds).toBeGreaterThan(9)
  expect(sends.length / seconds).toBeLessThan(11)
})

it('a histogram knows its quantiles to within one percent', () => {
  const histogram = new Histogram()
  const values = Array.from({ length: 10_000 }, (_, place) => 0.1 * 1.0012 ** place)
  for (const value of values) histogram.add(value)
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact = values[Math.ceil(share * values.length) - 1] ?? 0
    expect(Math.abs((histogram.quantile(share) ?? 0) / exact - 1), String(share)).toBeLessThan(0.01)
  }
  expect(histogram.maximum).toBe(values.at(-1))
  expect(new Histogram().quantile(0.5)).toBeUndefined()
})
