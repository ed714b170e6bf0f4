import { setImmediate as nextRound } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { LagBudget } from '../subscriptions/lag-budget.ts'
import type { FakeUpstream } from '../testing/fake-upstream.ts'
import { FeedBench, FeedReader } from '../testing/feed-reader.ts'
import type { VirtualTimers } from '../testing/virtual-timers.ts'
import type { UpstreamSink } from './upstream-connection.ts'
import { type FeedParts, UpstreamFeed } from './upstream-feed.ts'

let bench: FeedBench
let timers: VirtualTimers
let upstream: FakeUpstream

beforeEach(() => {
  bench = new FeedBench()
  timers = bench.timers
  upstream = bench.upstream
})

class Reader extends FeedReader {
  constructor(options: ConstructorParameters<typeof FeedReader>[1] = {}) {
    super(bench, options)
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

/** Hears of nothing but errors that are none. */
const spoilt = (sink: UpstreamSink): UpstreamSink => ({
  ...sink,
  next: () => sink.next('{"data":null,"errors":[null]}'),
})

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

describe('a resumable feed', () => {
  it('begins where its subgraph says that it begins, and goes on from there', async () => {
    bench.append(2)
    const reader = new Reader()
    await pass(50, [reader])
    upstream.isUp = false
    upstream.cut()
    bench.append(2)
    await pass(1_000, [reader])
    upstream.isUp = true
    await pass(6_000, [reader])
    expect(reader.read).toEqual([3, 4])
    expect(bench.reconnections).toBe(1)
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
      bench.append(1)
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
    bench.append(1)
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
    bench.append(10_000)
    await pass(200, [])
    expect(upstream.watchCount).toBe(0)
    for (let round = 0; reader.read.length < 10_000 && round < 50_000; round += 1) {
      await reader.take()
      timers.advance(3)
    }
    expect(reader.read).toEqual(upTo(10_000))
  })

  it('begins later when it is sent elsewhere before it was told anything', async () => {
    upstream.drains.push(100, 100)
    const reader = new Reader()
    await pass(1_000, [reader])
    bench.append(2)
    await pass(200, [reader])
    expect(reader.read).toEqual([1, 2])
    expect(upstream.subscribedAt).toHaveLength(3)
  })

  it('hands on an event that is too large, and goes on without being opened again', async () => {
    const reader = new Reader()
    await pass(50, [reader])
    upstream.failures.push('OPERATION_TOO_EXPENSIVE')
    bench.append(2)
    await pass(5_000, [reader])
    expect(reader.read).toEqual([null, 2])
    expect(upstream.subscribedAt).toHaveLength(1)
  })

  it('hands on an event that failed without a reason, after it was told it again three times', async () => {
    const reader = new Reader({ beginsAfter: 0, subscribe: (from, sink) => upstream.subscribe(from, spoilt(sink)) })
    bench.append(1)
    await pass(5_000, [reader])
    expect(reader.read).toEqual([null])
    expect(upstream.subscribedAt).toHaveLength(4)
  })

  it('that fell behind says so in words of its own when it is refused', async () => {
    const reasons: unknown[] = []
    const feed = (beginsAfter: number) =>
      new UpstreamFeed(bench.feedParts({ beginsAfter }), {
        push: () => true,
        finish: (errors) => reasons.push(errors?.map(({ message }) => message)),
      })
    upstream.refusals.push('BAD_USER_INPUT')
    feed(-1).start()
    await pass(50, [])
    feed(0).start()
    bench.append(1)
    await pass(50, [])
    upstream.refusals.push('BAD_USER_INPUT')
    upstream.cut()
    await pass(1_000, [])
    expect(reasons).toEqual([
      ['Not now.'],
      [expect.stringMatching(/fell behind .* from the position of the last event/)],
    ])
  })

  it('says when its subgraph does not know who it is for, which ends it', async () => {
    upstream.refusals.push('FORBIDDEN', 'UNAUTHENTICATED')
    const readers = [new Reader(), new Reader()]
    await pass(50, readers)
    expect(bench.disowned).toBe(1)
    expect(readers.map(({ read }) => read)).toEqual([['FORBIDDEN'], ['UNAUTHENTICATED']])
  })
})

describe('a feed is open', () => {
  const feed = (delivery?: FeedParts['delivery']) =>
    new UpstreamFeed(bench.feedParts(delivery ? { delivery } : {}), { push: () => true, finish: () => {} })
  const quiet: FeedParts['delivery'] = { kind: 'replayable' }

  it('when something came of it, once, whatever becomes of it later', async () => {
    feed().start()
    expect(bench.opened).toBe(0)
    await pass(50, [])
    expect(bench.opened).toBe(1)
    upstream.cut()
    await pass(10_000, [])
    expect(bench.opened).toBe(1)
  })

  it('when it was not refused within a second, where there is nothing to tell', async () => {
    upstream.tellsBeginning = false
    feed(quiet).start()
    await pass(500, [])
    expect(bench.opened).toBe(0)
    await pass(1_000, [])
    expect(bench.opened).toBe(1)
  })

  it('neither while its subgraph is away, nor when it is refused, sent elsewhere or left', async () => {
    upstream.tellsBeginning = false
    upstream.isUp = false
    const [away, refused, drained] = [feed(quiet), feed(quiet), feed(quiet)]
    away.start()
    await pass(5_000, [])
    away.stop()
    upstream.isUp = true
    upstream.refusals.push('SUBGRAPH_UNAVAILABLE', 'FORBIDDEN')
    refused.start()
    await pass(20_000, [])
    expect(upstream.refusals).toEqual([])
    upstream.drains.push(30_000)
    drained.start()
    await pass(500, [])
    drained.stop()
    await pass(5_000, [])
    expect(upstream.drains).toEqual([])
    expect(bench.opened).toBe(0)
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
    bench.append(1)
    await pass(50, [reader])
    expect(reader.read).toEqual([1])
  })

  it('ends with an error when it is lost later, because there may be a gap', async () => {
    const reader = new Reader({ ...silent, subscribe: (from, sink) => upstream.subscribe({ ...from, after: 0 }, sink) })
    bench.append(1)
    await pass(50, [reader])
    upstream.cut()
    await pass(50, [reader])
    expect(reader.read).toEqual([1, 'SUBGRAPH_UNAVAILABLE'])
  })

  it('ends with an error when it would have to go back to before its first event', async () => {
    upstream.tellsBeginning = false
    const budget = new LagBudget(100)
    const reader = new Reader({ budget })
    await pass(50, [])
    bench.append(5)
    await pass(50, [])
    await pass(1_000, [reader])
    expect(reader.read).toEqual(['OPERATION_TOO_EXPENSIVE'])
  })

  it('is ended by one that does not know who it is for, also when it could not be opened again', async () => {
    const finished: unknown[] = []
    const parts = bench.feedParts({
      delivery: undefined,
      subscribe: (_from, sink) => {
        sink.sent()
        sink.next('{"errors":[{"message":"Who?","extensions":{"code":"UNAUTHENTICATED"}}]}')
        return { unsubscribe: () => {}, retire: () => {} }
      },
    })
    new UpstreamFeed(parts, { push: () => true, finish: (errors) => finished.push(errors) }).start()
    expect(finished).toMatchObject([[{ code: 'UNAUTHENTICATED' }]])
    expect(bench.disowned).toBe(1)
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
    bench.append(1)
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
