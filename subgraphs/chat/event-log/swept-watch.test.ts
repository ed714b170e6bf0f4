import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { createLogger } from '../../../platform/logging.ts'
import { CountingBus, SilentBus } from '../../../tests/support/buses.ts'
import { SweptWatch } from './swept-watch.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

/** A bus that loses every ring, and sometimes knows it. */
class InterruptedBus implements EventBus {
  readonly #listeners = new Set<() => void>()

  get waiting(): number {
    return this.#listeners.size
  }

  publish(): void {}

  subscribe(): () => void {
    return () => undefined
  }

  onInterruption(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  interrupt(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** A watcher that has read up to this position. */
function watcherAt(read: number) {
  return { ring: vi.fn(), isBehind: (position: number) => position > read }
}

/** A watch over what these positions say. */
function watchOver(
  bus: EventBus,
  readPositions: (keys: string[]) => Promise<Map<string, number>> = async () => new Map(),
  sweepEveryMs?: number,
) {
  const topicOf = (key: string) => `bell/${key}`
  const complaint = 'could not read positions'
  return new SweptWatch({ bus, logger, topicOf, readPositions, complaint, ...(sweepEveryMs && { sweepEveryMs }) })
}

describe('a watch', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('rings all who watch the same, and nobody else, as soon as the bus does', async () => {
    const bus = new CountingBus()
    await using watch = watchOver(bus)
    const [one, two, other] = [watcherAt(0), watcherAt(0), watcherAt(0)]
    watch.watch('a', one)
    watch.watch('a', two)
    watch.watch('b', other)
    bus.publish('bell/a', null)
    await vi.advanceTimersByTimeAsync(1)

    expect(one.ring).toHaveBeenCalledOnce()
    expect(two.ring).toHaveBeenCalledOnce()
    expect(other.ring).not.toHaveBeenCalled()
  })

  it('listens to the bus once for all who watch the same, and hands them what it brings', async () => {
    const bus = new CountingBus()
    await using watch = watchOver(bus)
    const [one, two] = [watcherAt(0), watcherAt(0)]
    const leave = [watch.watch('a', one), watch.watch('a', two)]
    expect(bus.listenersOf('bell/')).toBe(1)
    bus.publish('bell/a', { seq: 5 })
    await vi.advanceTimersByTimeAsync(1)
    for (const { ring } of [one, two]) expect(ring).toHaveBeenCalledExactlyOnceWith({ seq: 5 })

    leave[0]?.()
    expect(bus.listenersOf('bell/')).toBe(1)
    leave[1]?.()
    expect(bus.listenersOf('bell/')).toBe(0)
  })

  it('sweeps soon, once, when the bus may have lost rings', async () => {
    const bus = new InterruptedBus()
    const readPositions = vi.fn(async () => new Map([['a', 5]]))
    const watch = watchOver(bus, readPositions, 3_600_000)
    const behind = watcherAt(4)
    watch.watch('a', behind)
    for (let count = 0; count < 10; count += 1) bus.interrupt()
    await vi.advanceTimersByTimeAsync(250)
    expect(behind.ring).toHaveBeenCalledExactlyOnceWith(undefined, 5)
    expect(readPositions).toHaveBeenCalledOnce()

    bus.interrupt()
    await watch[Symbol.asyncDispose]()
    await vi.advanceTimersByTimeAsync(250)
    expect([readPositions.mock.calls.length, bus.waiting]).toEqual([1, 0])
  })

  it('rings those who are behind within a sweep although the bus loses every ring', async () => {
    const readPositions = vi.fn(async () => new Map([['a', 5]]))
    await using watch = watchOver(new SilentBus(), readPositions, 100)
    const [behind, upToDate] = [watcherAt(4), watcherAt(5)]
    watch.watch('a', behind)
    watch.watch('a', upToDate)
    await vi.advanceTimersByTimeAsync(100)

    expect(readPositions).toHaveBeenCalledExactlyOnceWith(['a'])
    expect(behind.ring).toHaveBeenCalledOnce()
    expect(upToDate.ring).not.toHaveBeenCalled()
  })

  it('rings everybody when what they watch is gone', async () => {
    await using watch = watchOver(new SilentBus())
    const upToDate = watcherAt(Number.POSITIVE_INFINITY)
    watch.watch('a', upToDate)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(upToDate.ring).toHaveBeenCalledOnce()
  })

  it('reads many positions 500 at a time, and none when nobody watches', async () => {
    const readPositions = vi.fn(async (_ids: string[]) => new Map<string, number>())
    await using watch = watchOver(new SilentBus(), readPositions, 100)
    await vi.advanceTimersByTimeAsync(100)
    expect(readPositions).not.toHaveBeenCalled()

    for (let index = 0; index < 1_100; index += 1) watch.watch(`${index}`, watcherAt(0))
    await vi.advanceTimersByTimeAsync(100)
    expect(readPositions.mock.calls.map(([ids]) => ids.length)).toEqual([500, 500, 100])
  })

  it('goes on sweeping after the database failed, and never sweeps twice at a time', async () => {
    const first = Promise.withResolvers<Map<string, number>>()
    const readPositions = vi.fn(async () => new Map([['a', 1]])).mockReturnValueOnce(first.promise)
    await using watch = watchOver(new SilentBus(), readPositions, 100)
    const watcher = watcherAt(0)
    watch.watch('a', watcher)
    await vi.advanceTimersByTimeAsync(500)
    expect(readPositions).toHaveBeenCalledOnce()

    // What came due meanwhile is made up for by one sweep at once.
    first.reject(new Error('no database'))
    await vi.advanceTimersByTimeAsync(1)
    expect(readPositions).toHaveBeenCalledTimes(2)
    expect(watcher.ring).toHaveBeenCalledOnce()
  })

  it('forgets who has left, and what they watched with the last of them', async () => {
    const bus = new CountingBus()
    await using watch = watchOver(bus, async () => new Map([['a', 9]]))
    const gone = watcherAt(0)
    const [leave, leaveToo] = [watch.watch('a', gone), watch.watch('a', watcherAt(0))]
    leave()
    expect(watch.size).toBe(1)
    bus.publish('bell/a', null)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(gone.ring).not.toHaveBeenCalled()

    leaveToo()
    expect(watch.size).toBe(0)
    expect(bus.listenersOf('')).toBe(0)
  })
})
