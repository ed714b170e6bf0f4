import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { openHubs } from './testing/hub-bench.ts'

const ring = () => undefined

describe('the hubs of a process', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('share one hub and one subscription of the bus for each conversation', async () => {
    await using bench = openHubs()
    const [one, other] = [bench.hubs.follow('a', { ring }), bench.hubs.follow('a', { ring })]
    const elsewhere = bench.hubs.follow('b', { ring })
    expect(other.hub).toBe(one.hub)
    expect([bench.hubs.size, bench.hubs.followers, bench.bus.listenersOf('')]).toEqual([2, 3, 2])
    for (const { leave } of [one, other, elsewhere]) leave()
    expect([bench.hubs.size, bench.hubs.followers, bench.bus.listenersOf('')]).toEqual([0, 0, 0])
  })

  it('stay for 30 seconds after the last follower has left, and go on listening', async () => {
    await using bench = openHubs()
    const { log, hubs, bus } = bench
    log.append(3)
    const { hub, leave } = hubs.follow(log.conversationId, { ring })
    const place = await hub.join()
    leave()
    await vi.advanceTimersByTimeAsync(29_999)
    bus.publish(`conversation/${log.conversationId}`, log.append(2))
    await new Promise(setImmediate)

    const back = hubs.follow(log.conversationId, { ring })
    expect(back.hub).toBe(hub)
    expect(back.hub.kept(place)).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(hubs.size).toBe(1)

    back.leave()
    await vi.advanceTimersByTimeAsync(30_000)
    expect([hubs.size, bus.listenersOf(''), vi.getTimerCount()]).toEqual([0, 0, 0])
  })

  it('keep so many idle ones at most, and of those the latest', async () => {
    await using bench = openHubs({ mostIdle: 2 })
    const opened = [newUuid(), newUuid(), newUuid()].map((id) => bench.hubs.follow(id, { ring }))
    for (const { hub } of opened) await hub.join()
    for (const { leave } of opened) leave()
    expect([bench.hubs.size, bench.hubs.followers]).toEqual([2, 0])
    await vi.advanceTimersByTimeAsync(30_000)
    expect([bench.hubs.size, bench.bus.listenersOf('')]).toEqual([0, 0])
  })

  it('keep so many events at most in all, and forget first what nobody follows', async () => {
    await using bench = openHubs({ mostEvents: 100 })
    const { log, hubs } = bench
    log.append(30)
    const fill = async () => {
      const following = hubs.follow(newUuid(), { ring })
      const head = await following.hub.join()
      await following.hub.after({ ...head, seq: 0 })
      return following
    }
    const [longest, idle, last] = [await fill(), await fill(), await fill()]
    expect(hubs.events).toBe(90)
    idle.leave()
    const newest = await fill()
    const sizes = () => [longest, idle, last, newest].map(({ hub }) => hub.ringSize)
    expect([sizes(), hubs.events]).toEqual([[30, 0, 30, 30], 90])

    const another = await fill()
    expect([sizes(), another.hub.ringSize, hubs.events]).toEqual([[0, 0, 30, 30], 30, 90])
    expect(await longest.hub.after({ ...longest.hub.head, seq: 10 })).toHaveLength(20)
    for (const { leave } of [longest, last, newest, another]) leave()
    await vi.advanceTimersByTimeAsync(30_000)
    expect([hubs.size, hubs.events]).toEqual([0, 0])
  })

  it('leave nothing behind when streams open and close ten thousand times', async () => {
    await using bench = openHubs()
    const { log, hubs, bus, watch } = bench
    log.append(10)
    const abandoned = bench.follow()
    await abandoned.return()
    expect(hubs.size).toBe(0)
    for (let round = 0; round < 100; round += 1) {
      const streams = Array.from({ length: 100 }, () => bench.follow())
      const opened = streams.map((stream) => stream.next())
      if (round % 2 === 0) await Promise.all(opened)
      for (const stream of streams) await stream.return()
      await Promise.all(opened)
    }
    expect([hubs.size, hubs.followers, bus.listenersOf('')]).toEqual([1, 0, 1])
    await vi.advanceTimersByTimeAsync(30_000)
    expect([hubs.size, watch.size, bus.listenersOf(''), vi.getTimerCount()]).toEqual([0, 0, 0, 0])
  })

  it('are woken by the sweep when every ring is lost', async () => {
    await using bench = openHubs({ sweepEveryMs: 5 })
    const stream = bench.follow()
    expect((await stream.next()).value).toMatchObject({ __typename: 'CaughtUp' })
    bench.log.append(1)
    expect((await stream.next()).value).toMatchObject({ __typename: 'MessageAdded', number: 1 })
    await stream.return()
  })
})
