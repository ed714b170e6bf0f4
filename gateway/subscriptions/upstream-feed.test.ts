import { setImmediate as nextRound } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeUpstream } from '../testing/fake-upstream.ts'
import { VirtualTimers } from '../testing/virtual-timers.ts'
import { LagBudget } from './lag-budget.ts'
import { PATIENCE, type Patience, ReopeningGate } from './reopening.ts'
import { SubscriptionStream } from './subscription-stream.ts'
import { type FeedParts, UpstreamFeed } from './upstream-feed.ts'

const RESUMABLE: FeedParts['delivery'] = {
  kind: 'resumable',
  argument: { name: 'after', type: 'Int', defaultValue: undefined },
  position: 'at',
}

let timers: VirtualTimers
let upstream: FakeUpstream
let gate: ReopeningGate
let reconnections: number

beforeEach(() => {
  timers = new VirtualTimers()
  upstream = new FakeUpstream(timers)
  gate = new ReopeningGate()
  reconnections = 0
})

function feedParts(options: Partial<FeedParts> & { patience?: Patience }): FeedParts {
  return {
    subgraph: 'log',
    delivery: RESUMABLE,
    beginsAfter: undefined,
    read: (text) => {
      const payload = JSON.parse(text)
      return { text, payload, position: payload.data?.entry?.at }
    },
    subscribe: (from, sink) => upstream.subscribe(from, sink),
    gate,
    patience: PATIENCE,
    timers,
    random: Math.random,
    onReconnect: () => {
      reconnections += 1
    },
    ...options,
  }
}

/** A stream over the fake upstream, and what a client has read of it: numbers, null for an aside, and errors as text. */
class Reader {
  readonly read: (number | string | null)[] = []
  readonly stream: SubscriptionStream
  #isReading = false

  constructor(options: Partial<FeedParts> & { budget?: LagBudget; maxEvents?: number; isLatestEnough?: boolean } = {}) {
    const { budget = new LagBudget(1_000_000), maxEvents = 256, isLatestEnough = false, ...parts } = options
    this.stream = new SubscriptionStream({
      subgraph: 'log',
      isLatestEnough,
      bounds: { maxEvents, maxCharacters: 1_000_000 },
      budget,
      feed: (consumer) => new UpstreamFeed(feedParts(parts), consumer),
      complete: async ({ text }) => text,
      failed: ([error]) => JSON.stringify(error && 'code' in error ? error.code : 'unknown'),
      onEnd: () => {},
    })
  }

  /** Reads one result, when there is one. */
  async take(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    const { done, value } = await this.stream.next()
    this.#isReading = false
    if (done) return
    const result = JSON.parse(value)
    this.read.push(typeof result === 'string' ? result : (result.data?.entry?.at ?? null))
  }

  get numbers(): unknown[] {
    return this.read.filter((it) => it !== null)
  }
}

/** Lets so much time pass, step by step, while the readers read as fast as they can. */
async function pass(milliseconds: number, readers: readonly Reader[], stepMs = 50): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += stepMs) {
    timers.advance(stepMs)
    for (const reader of readers) void reader.take()
    await nextRound()
  }
}

function append(count: number): void {
  for (let index = 0; index < count; index += 1) upstream.append()
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

describe('a resumable feed', () => {
  it('neither loses nor doubles anything, nor changes the order, whatever happens to it', async () => {
    const run = async (actions: readonly Action[]) => {
      timers = new VirtualTimers()
      upstream = new FakeUpstream(timers)
      const budget = new LagBudget(400)
      const patience = { openingMs: 1e9, lostMs: 1e9 }
      const readers = [4, 6, 100].map((maxEvents) => new Reader({ maxEvents, budget, patience, beginsAfter: 0 }))
      for (const it of actions) await act(it, readers)
      upstream.isUp = true
      upstream.refusals.length = 0
      upstream.failures.length = 0
      for (let round = 0; readers.some(({ numbers }) => numbers.length < upstream.length); round += 1) {
        if (round > 500) break
        await pass(50, readers)
      }
      await pass(500, readers)
      for (const { numbers } of readers) expect(numbers).toEqual(upTo(upstream.length))
      expect(budget.characters).toBe(0)
    }
    await fc.assert(fc.asyncProperty(fc.array(ACTION, { maxLength: 80 }), run), { numRuns: 500 })
  })

  it('begins where its subgraph says that it begins, and goes on from there', async () => {
    append(2)
    const reader = new Reader()
    await pass(50, [reader])
    upstream.isUp = false
    upstream.cut()
    append(2)
    await pass(1_000, [reader])
    upstream.isUp = true
    await pass(6_000, [reader])
    expect(reader.read).toEqual([3, 4])
    expect(reconnections).toBe(1)
  })

  it('is given up after a minute without its subgraph, and not before', async () => {
    const reader = new Reader()
    await pass(50, [reader])
    upstream.isUp = false
    upstream.cut()
    await pass(59_900, [reader])
    expect(reader.read).toEqual([])
    await pass(200, [reader])
    expect(reader.read).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })

  it('is given up after a minute as well when its connection comes about and breaks again and again', async () => {
    const reader = new Reader()
    await pass(50, [reader])
    for (let second = 0; second < 70; second += 0.2) {
      upstream.cut()
      await pass(200, [reader], 100)
    }
    expect(reader.read).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })

  it('is given up with the reason of its subgraph when that refuses it for a minute', async () => {
    const reader = new Reader()
    await pass(50, [reader])
    upstream.refusals.push(...Array<string>(1_000).fill('INTERNAL_SERVER_ERROR'))
    upstream.cut()
    await pass(59_900, [reader])
    expect(reader.read).toEqual([])
    await pass(200, [reader])
    expect(reader.read).toEqual(['INTERNAL_SERVER_ERROR'])
  })

  it('has another minute after it has gone on', async () => {
    const reader = new Reader()
    await pass(50, [reader])
    for (let round = 0; round < 3; round += 1) {
      upstream.isUp = false
      upstream.cut()
      await pass(50_000, [reader], 500)
      upstream.isUp = true
      append(1)
      await pass(6_000, [reader], 500)
    }
    expect(reader.read).toEqual([1, 2, 3])
  })

  it('has a minute although it was quiet until it was lost', async () => {
    const reader = new Reader({ beginsAfter: 0 })
    await pass(40_000, [reader], 500)
    upstream.isUp = false
    upstream.cut()
    await pass(50_000, [reader], 500)
    expect(reader.read).toEqual([])
    upstream.isUp = true
    append(1)
    await pass(6_000, [reader], 500)
    expect(reader.read).toEqual([1])
  })

  it('is given up after ten seconds when it could never be opened', async () => {
    upstream.isUp = false
    const reader = new Reader()
    await pass(9_900, [reader])
    expect(reader.read).toEqual([])
    await pass(200, [reader])
    expect(reader.read).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })

  it('is tried again within a quarter of a second, then more and more seldom, up to every five seconds', async () => {
    new Reader({ random: () => 0.999 })
    timers.advance(50)
    upstream.isUp = false
    upstream.cut()
    timers.advance(30_000)
    const gaps = upstream.subscribedAt.slice(1).map((at, index) => at - (upstream.subscribedAt[index] ?? 0))
    expect(gaps.map((gap) => Math.round(gap / 250) * 250)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000, 5000])
  })

  it('takes as much as it has room for, and the rest when its client has read half of that', async () => {
    const reader = new Reader({ maxEvents: 10 })
    await pass(50, [])
    append(10_000)
    await pass(200, [])
    expect(upstream.watchCount).toBe(0)
    for (let round = 0; reader.read.length < 10_000 && round < 50_000; round += 1) {
      await reader.take()
      timers.advance(3)
    }
    expect(reader.read).toEqual(upTo(10_000))
  })
})

describe('a feed whose subgraph never says where it is', () => {
  const silent: Partial<FeedParts> = { read: (text) => ({ text, payload: JSON.parse(text), position: undefined }) }

  it('is opened again in its first moments', async () => {
    upstream.isUp = false
    const reader = new Reader(silent)
    await pass(500, [reader])
    upstream.isUp = true
    await pass(5_000, [reader])
    append(1)
    await pass(50, [reader])
    expect(reader.read).toEqual([1])
  })

  it('ends with an error when it is lost later, because there may be a gap', async () => {
    const reader = new Reader({ ...silent, subscribe: (from, sink) => upstream.subscribe({ ...from, after: 0 }, sink) })
    append(1)
    await pass(50, [reader])
    upstream.cut()
    await pass(50, [reader])
    expect(reader.read).toEqual([1, 'SUBGRAPH_UNAVAILABLE'])
  })
})

describe('many feeds', () => {
  beforeEach(() => {
    for (let count = 0; count < 4_000; count += 1) new Reader()
    timers.advance(50)
    upstream.subscribedAt.length = 0
    upstream.cut()
  })

  it('that lose their subgraph at once come back spread over time', () => {
    append(1)
    timers.advance(500)
    expect(upstream.watchCount).toBe(4_000)
    const perTenth = Array.from({ length: 10 }, (_, tenth) => {
      const from = 50 + tenth * 40
      return upstream.subscribedAt.filter((at) => at >= from && at < from + 40).length
    })
    expect(Math.min(...perTenth)).toBeGreaterThan(200)
    expect(Math.max(...perTenth)).toBeLessThan(600)
  })

  it('of which nothing is heard come back all the same', () => {
    timers.advance(1_200)
    expect(upstream.watchCount).toBe(4_000)
  })
})

type Action =
  | { kind: 'append' | 'wait' | 'drain'; amount: number }
  | { kind: 'read'; reader: number; amount: number }
  | { kind: 'cut' | 'down' | 'up' | 'aside' | 'refuse' | 'fail' }

const amount = (kind: 'append' | 'wait' | 'drain', max: number) =>
  fc.record({ kind: fc.constant(kind), amount: fc.integer({ min: 1, max }) })

const ACTION: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: amount('append', 9) },
  { weight: 4, arbitrary: amount('wait', 700) },
  { weight: 1, arbitrary: amount('drain', 400) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('read'),
      reader: fc.nat({ max: 2 }),
      amount: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'down', 'up', 'aside', 'refuse', 'fail') }) },
)

async function act(action: Action, readers: readonly Reader[]): Promise<void> {
  if (action.kind === 'append') append(action.amount)
  if (action.kind === 'wait') timers.advance(action.amount)
  if (action.kind === 'drain') upstream.drain(action.amount)
  if (action.kind === 'cut' || action.kind === 'down') upstream.cut()
  if (action.kind === 'up' || action.kind === 'down') upstream.isUp = action.kind === 'up'
  if (action.kind === 'aside') upstream.sayAside()
  if (action.kind === 'refuse') upstream.refusals.push('SUBGRAPH_UNAVAILABLE')
  if (action.kind === 'fail') upstream.failures.push('SUBGRAPH_UNAVAILABLE')
  if (action.kind !== 'read') return
  for (let count = 0; count < action.amount; count += 1) {
    void readers[action.reader]?.take()
    await nextRound()
  }
}
