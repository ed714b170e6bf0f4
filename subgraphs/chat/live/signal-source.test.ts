import { beforeEach, describe, expect, it, vi } from 'vitest'
import { MemoryEventBus } from '../../../platform/event-bus/memory-event-bus.ts'
import { newUuid } from '../../../platform/ids.ts'
import { SignalSource } from './signal-source.ts'
import { Signals } from './signals.ts'

const conversationId = newUuid()
const [ada, grace] = [newUuid(), newUuid()]
const delivered = () => new Promise((resolve) => setImmediate(resolve))

describe('the signals beside a stream', () => {
  let signals: Signals
  let mayRead: boolean
  beforeEach(() => {
    signals = new Signals({ bus: new MemoryEventBus() })
    mayRead = true
  })

  async function openSource(ring: () => void = () => undefined) {
    const access = { viewerId: grace, mayRead: async () => mayRead }
    const source = new SignalSource({ signals, conversationId, access })
    const close = source.open(ring)
    await source.join()
    return { source, close }
  }

  it('begin with who types already', async () => {
    const { close } = await openSource()
    signals.setTyping(conversationId, ada, true)
    await delivered()
    const { source } = await openSource()
    expect(await source.drain()).toEqual([{ __typename: 'TypingChanged', cursor: null, userId: ada, isTyping: true }])
    expect(await source.drain()).toEqual([])
    close()
  })

  it('are of each person only the latest, however long nobody reads', async () => {
    const { source } = await openSource()
    for (let upTo = 1; upTo <= 500; upTo += 1) signals.markerMoved(conversationId, ada, upTo)
    signals.markerMoved(conversationId, ada, 20)
    signals.markerMoved(conversationId, grace, 3)
    signals.setTyping(conversationId, ada, true)
    signals.setTyping(conversationId, ada, false)
    await delivered()

    expect(await source.drain()).toEqual([
      { __typename: 'ReadMarkerMoved', cursor: null, userId: ada, upTo: 500 },
      { __typename: 'TypingChanged', cursor: null, userId: ada, isTyping: false },
      { __typename: 'ReadMarkerMoved', cursor: null, userId: grace, upTo: 3 },
    ])
  })

  it('are kept of at most 1,000 people, and these go on', async () => {
    const ring = vi.fn()
    const { source } = await openSource(ring)
    const people = Array.from({ length: 1_001 }, newUuid)
    for (const userId of people) signals.markerMoved(conversationId, userId, 1)
    signals.markerMoved(conversationId, people[0] ?? '', 2)
    await delivered()

    expect(ring).toHaveBeenCalledTimes(1_001)
    const items = await source.drain()
    expect(items).toHaveLength(1_000)
    expect(items[0]).toMatchObject({ userId: people[0], upTo: 2 })
  })

  it('are not given to who may not read any more, and ring nobody who has gone', async () => {
    const ring = vi.fn()
    const { source, close } = await openSource(ring)
    signals.markerMoved(conversationId, ada, 1)
    await delivered()
    mayRead = false
    expect(await source.drain()).toEqual([])
    close()
    signals.markerMoved(conversationId, ada, 2)
    await delivered()
    expect(ring).toHaveBeenCalledOnce()
    expect(signals.size).toBe(0)
  })
})
