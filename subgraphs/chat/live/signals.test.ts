import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../../platform/ids.ts'
import { CountingBus, SilentBus } from '../../../tests/support/buses.ts'
import { membershipEndsOf } from '../event-log/membership-end.ts'
import { type Signal, Signals } from './signals.ts'

const conversation = newUuid()
const [ada, grace] = [newUuid(), newUuid()]

let bus: CountingBus
let signals: Signals
beforeEach(() => {
  vi.useFakeTimers()
  bus = new CountingBus()
  signals = new Signals({ bus })
})
afterEach(() => void vi.useRealTimers())

/** What a listener in this process, or in another one on the same bus, hears from now on. */
function hearing(listening = signals): Signal[] {
  const heard: Signal[] = []
  listening.listen(conversation, (signal) => void heard.push(signal))
  return heard
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000)
/** Long enough for the bus. */
const soon = () => vi.advanceTimersByTimeAsync(1)
const typing = (userId: string, isTyping: boolean): Signal => ({ kind: 'typing', userId, isTyping })

describe('typing', () => {
  it('ceases by itself six seconds after it was said, in every process', async () => {
    const [here, elsewhere] = [hearing(), hearing(new Signals({ bus }))]
    signals.setTyping(conversation, ada, true)
    await pass(5.9)
    expect([here, elsewhere]).toEqual([[typing(ada, true)], [typing(ada, true)]])
    await pass(0.2)
    expect([here, elsewhere]).toEqual(Array(2).fill([typing(ada, true), typing(ada, false)]))
  })

  it('goes on without another word when it is said again in time', async () => {
    const heard = hearing()
    for (let time = 0; time < 5; time += 1) {
      signals.setTyping(conversation, ada, true)
      await pass(4)
    }
    expect(heard).toEqual([typing(ada, true)])
    await pass(2.1)
    expect(heard).toEqual([typing(ada, true), typing(ada, false)])
  })

  it('ends at once when it is said to, and is told of people one by one', async () => {
    const heard = hearing()
    signals.setTyping(conversation, ada, true)
    signals.setTyping(conversation, grace, true)
    signals.setTyping(conversation, ada, false)
    await soon()
    expect(heard).toEqual([typing(ada, true), typing(grace, true), typing(ada, false)])
    expect(signals.typistsOf(conversation)).toEqual([grace])
  })

  it('ends in every process for who is no longer a member, and is told at once when they come back', async () => {
    const [here, elsewhere] = [hearing(), hearing(new Signals({ bus }))]
    signals.setTyping(conversation, ada, true)
    await soon()
    for (const payload of [ada, grace, 'nobody', null]) bus.publish(membershipEndsOf(conversation), payload)
    await soon()
    signals.setTyping(conversation, ada, true)
    await soon()
    const expected = [typing(ada, true), typing(ada, false), typing(ada, true)]
    expect([here, elsewhere]).toEqual([expected, expected])
  })

  it('is known to who comes later, although nobody listened when it began', async () => {
    signals.setTyping(conversation, ada, true)
    await soon()
    expect(signals.typistsOf(conversation)).toEqual([ada])
    const heard = hearing()
    await pass(6)
    expect(heard).toEqual([typing(ada, false)])
  })

  it('is told once in three seconds, however often the same is said', async () => {
    const publish = vi.spyOn(bus, 'publish')
    for (let tenth = 0; tenth < 60; tenth += 1) {
      signals.setTyping(conversation, ada, true)
      await pass(0.1)
    }
    expect(publish).toHaveBeenCalledTimes(2)
    signals.setTyping(conversation, ada, false)
    signals.setTyping(conversation, ada, false)
    signals.setTyping(conversation, ada, true)
    expect(publish).toHaveBeenCalledTimes(4)
  })

  it('is told of at most 1,000 people at a time', async () => {
    const heard = hearing()
    for (let count = 0; count < 1_010; count += 1) signals.setTyping(conversation, newUuid(), true)
    await soon()
    expect(heard).toHaveLength(1_000)
    await pass(6)
    expect(heard).toHaveLength(2_000)
    expect(signals.typistsOf(conversation)).toEqual([])
  })
})

describe('what comes over the bus', () => {
  it('is told as it is when it is a read marker', async () => {
    const heard = hearing()
    signals.markerMoved(conversation, ada, 7)
    signals.markerMoved(newUuid(), ada, 8)
    await soon()
    expect(heard).toEqual([{ kind: 'marker', userId: ada, upTo: 7 }])
  })

  it.each([
    null,
    'typing',
    {},
    { kind: 'presence', userId: ada },
    { kind: 'typing', userId: 'ada', isTyping: true },
    { kind: 'typing', userId: ada, isTyping: 'yes' },
    { kind: 'marker', userId: ada, upTo: -1 },
    { kind: 'marker', userId: ada, upTo: 1.5 },
    { kind: 'marker', userId: ada, upTo: 2 ** 31 },
  ])('is ignored when it is %j', async (payload) => {
    const heard = hearing()
    bus.publish(`signals/${conversation}`, payload)
    bus.publish(`signals/${conversation}`, { kind: 'marker', userId: ada, upTo: 0 })
    await soon()
    expect(heard).toEqual([{ kind: 'marker', userId: ada, upTo: 0 }])
  })
})

describe('what a process knows of a conversation', () => {
  it('is forgotten when nobody listens or types there any more', async () => {
    const leave = signals.listen(conversation, () => undefined)
    signals.setTyping(conversation, ada, true)
    await soon()
    leave()
    expect([signals.size, bus.listenersOf('')]).toEqual([1, 2])
    await pass(6)
    expect([signals.size, bus.listenersOf('')]).toEqual([0, 0])
  })

  it('is forgotten too when the bus loses every signal', async () => {
    const alone = new Signals({ bus: new SilentBus() })
    alone.setTyping(conversation, ada, true)
    alone.setTyping(conversation, grace, false)
    expect(alone.size).toBe(1)
    await pass(6)
    expect(alone.size).toBe(0)
  })
})
