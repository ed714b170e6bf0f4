import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from '../../../platform/logging.ts'
import { CountingBus, SilentBus } from '../../../tests/support/buses.ts'
import { ConversationWatch, doorbellOf } from './conversation-watch.ts'
import type { LogHead } from './event-log.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
const head = (seq: number): LogHead => ({ epoch: 'an epoch', seq, messageCount: seq })

/** A watcher that has read up to `seq`. */
function watcherAt(seq: number) {
  return { ring: vi.fn(), isBehind: (head: LogHead) => head.seq > seq }
}

describe('the watch over conversations', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('rings all who watch a conversation, and nobody else, as soon as the bus does', async () => {
    const bus = new CountingBus()
    await using watch = new ConversationWatch({ bus, logger, readHeads: async () => new Map() })
    const [one, two, other] = [watcherAt(0), watcherAt(0), watcherAt(0)]
    watch.watch('a', one)
    watch.watch('a', two)
    watch.watch('b', other)
    bus.publish(doorbellOf('a'), null)
    await vi.advanceTimersByTimeAsync(1)

    expect(one.ring).toHaveBeenCalledOnce()
    expect(two.ring).toHaveBeenCalledOnce()
    expect(other.ring).not.toHaveBeenCalled()
  })

  it('rings those who are behind within a sweep although the bus loses every ring', async () => {
    const readHeads = vi.fn(async () => new Map([['a', head(5)]]))
    await using watch = new ConversationWatch({ bus: new SilentBus(), logger, readHeads, sweepEveryMs: 100 })
    const [behind, upToDate] = [watcherAt(4), watcherAt(5)]
    watch.watch('a', behind)
    watch.watch('a', upToDate)
    await vi.advanceTimersByTimeAsync(100)

    expect(readHeads).toHaveBeenCalledExactlyOnceWith(['a'])
    expect(behind.ring).toHaveBeenCalledOnce()
    expect(upToDate.ring).not.toHaveBeenCalled()
  })

  it('rings everybody when the conversation is gone', async () => {
    await using watch = new ConversationWatch({ bus: new SilentBus(), logger, readHeads: async () => new Map() })
    const upToDate = watcherAt(Number.POSITIVE_INFINITY)
    watch.watch('a', upToDate)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(upToDate.ring).toHaveBeenCalledOnce()
  })

  it('reads the heads of many conversations 500 at a time, and of none not at all', async () => {
    const readHeads = vi.fn(async (_ids: string[]) => new Map<string, LogHead>())
    await using watch = new ConversationWatch({ bus: new SilentBus(), logger, readHeads, sweepEveryMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    expect(readHeads).not.toHaveBeenCalled()

    for (let index = 0; index < 1_100; index += 1) watch.watch(`${index}`, watcherAt(0))
    await vi.advanceTimersByTimeAsync(100)
    expect(readHeads.mock.calls.map(([ids]) => ids.length)).toEqual([500, 500, 100])
  })

  it('goes on sweeping after the database failed, and never sweeps twice at a time', async () => {
    const first = Promise.withResolvers<Map<string, LogHead>>()
    const readHeads = vi.fn(async () => new Map([['a', head(1)]])).mockReturnValueOnce(first.promise)
    await using watch = new ConversationWatch({ bus: new SilentBus(), logger, readHeads, sweepEveryMs: 100 })
    const watcher = watcherAt(0)
    watch.watch('a', watcher)
    await vi.advanceTimersByTimeAsync(500)
    expect(readHeads).toHaveBeenCalledOnce()

    first.reject(new Error('no database'))
    await vi.advanceTimersByTimeAsync(100)
    expect(readHeads).toHaveBeenCalledTimes(2)
    expect(watcher.ring).toHaveBeenCalledOnce()
  })

  it('forgets who has left, and the conversation with the last of them', async () => {
    const bus = new CountingBus()
    await using watch = new ConversationWatch({ bus, logger, readHeads: async () => new Map([['a', head(9)]]) })
    const gone = watcherAt(0)
    const [leave, leaveToo] = [watch.watch('a', gone), watch.watch('a', watcherAt(0))]
    leave()
    expect(watch.size).toBe(1)
    bus.publish(doorbellOf('a'), null)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(gone.ring).not.toHaveBeenCalled()

    leaveToo()
    expect(watch.size).toBe(0)
    expect(bus.listenersOf('')).toBe(0)
  })
})
