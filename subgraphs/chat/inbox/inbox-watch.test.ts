import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from '../../../platform/logging.ts'
import { CountingBus, SilentBus } from '../../../tests/support/buses.ts'
import { inboxOf } from '../event-log/inbox-head.ts'
import { InboxWatch } from './inbox-watch.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

/** A watcher that has read the list as it was after so many changes. */
function watcherAt(version: number) {
  return { ring: vi.fn(), isBehind: (newest: number) => newest > version }
}

describe('the watch over lists of conversations', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('rings all who follow a person’s list, and nobody else, as soon as the bus does', async () => {
    const bus = new CountingBus()
    await using watch = new InboxWatch({ bus, logger, readVersions: async () => new Map() })
    const [one, two, other] = [watcherAt(0), watcherAt(0), watcherAt(0)]
    watch.watch('ada', one)
    watch.watch('ada', two)
    watch.watch('grace', other)
    bus.publish(inboxOf('ada'), null)
    await vi.advanceTimersByTimeAsync(1)

    expect([one, two, other].map(({ ring }) => ring.mock.calls.length)).toEqual([1, 1, 0])
  })

  it('rings those who are behind within a sweep although the bus loses every ring', async () => {
    const readVersions = vi.fn(async () => new Map([['ada', 5]]))
    await using watch = new InboxWatch({ bus: new SilentBus(), logger, readVersions, sweepEveryMs: 100 })
    const [behind, upToDate] = [watcherAt(4), watcherAt(5)]
    watch.watch('ada', behind)
    watch.watch('ada', upToDate)
    await vi.advanceTimersByTimeAsync(100)

    expect(readVersions).toHaveBeenCalledExactlyOnceWith(['ada'])
    expect(behind.ring).toHaveBeenCalledOnce()
    expect(upToDate.ring).not.toHaveBeenCalled()
  })

  it('reads 500 people at a time, nobody when nobody follows, and goes on after the database failed', async () => {
    const readVersions = vi.fn(async (_ids: string[]) => new Map<string, number>())
    await using watch = new InboxWatch({ bus: new SilentBus(), logger, readVersions, sweepEveryMs: 100 })
    await vi.advanceTimersByTimeAsync(100)
    expect(readVersions).not.toHaveBeenCalled()

    readVersions.mockRejectedValueOnce(new Error('no database'))
    for (let index = 0; index < 1_100; index += 1) watch.watch(`${index}`, watcherAt(0))
    await vi.advanceTimersByTimeAsync(200)
    expect(readVersions.mock.calls.map(([ids]) => ids.length)).toEqual([500, 500, 500, 100])
  })

  it('forgets who has left', async () => {
    const bus = new CountingBus()
    await using watch = new InboxWatch({ bus, logger, readVersions: async () => new Map([['ada', 9]]) })
    const gone = watcherAt(0)
    watch.watch('ada', gone)()
    bus.publish(inboxOf('ada'), null)
    await vi.advanceTimersByTimeAsync(1_000)

    expect(gone.ring).not.toHaveBeenCalled()
    expect(watch.size).toBe(0)
    expect(bus.listenersOf('')).toBe(0)
  })
})
