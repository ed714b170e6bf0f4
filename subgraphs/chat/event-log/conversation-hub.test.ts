import { beforeEach, describe, expect, it, vi } from 'vitest'
import { NotFoundError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import { ConversationHub } from './conversation-hub.ts'
import { BESIDE } from './doorbell.ts'
import type { DurableEvent } from './durable-event.ts'
import type { AppendedEvents } from './event-log.ts'
import { FakeLog } from './testing/fake-log.ts'
import { heldReads } from './testing/held-reads.ts'

describe('a hub', () => {
  let log: FakeLog
  let hub: ConversationHub
  let onFailure: ReturnType<typeof vi.fn<(error: unknown) => void>>
  const ring = vi.fn()
  beforeEach(() => {
    log = new FakeLog()
    log.append(5)
    ring.mockClear()
    hub = open()
  })

  function open(readLog = log.read): ConversationHub {
    onFailure = vi.fn()
    const opened = new ConversationHub({ conversationId: log.conversationId, readLog, onFailure })
    opened.add({ ring })
    return opened
  }
  const settled = () => new Promise(setImmediate)
  const seqsOf = (events: readonly DurableEvent[] | undefined) => events?.map(({ seq }) => seq)

  /** What somebody who joined when this was called gets until the head. */
  async function follower() {
    let place = await hub.join()
    return async () => {
      const seqs: number[] = []
      for (;;) {
        const events = await hub.after(place)
        if (!events) return 'lost'
        if (events.length === 0) return seqs
        seqs.push(...events.map(({ seq }) => seq))
        place = { ...place, seq: events.at(-1)?.seq ?? place.seq }
      }
    }
  }

  it('gives what rings as the next events without reading, to everybody the same objects', async () => {
    const place = await hub.join()
    const { reads } = log
    hub.ring(log.append(1))
    hub.ring(log.append(3))

    expect([ring.mock.calls.length, log.reads - reads]).toEqual([3, 0])
    const [one, other] = [hub.kept(place), hub.kept(place)]
    expect(seqsOf(one)).toEqual([6, 7, 8, 9])
    for (const [index, event] of (one ?? []).entries()) expect(other?.[index]).toBe(event)
    expect(one?.[0]).toMatchObject({ __typename: 'MessageAdded', number: 6, conversationId: log.conversationId })
    expect(() => Object.assign(one?.[0] ?? {}, { number: 7 })).toThrow(TypeError)
    expect(hub.head).toMatchObject({ seq: 9, messageCount: 9 })
  })

  it('makes up for a lost ring with one read', async () => {
    const rest = await follower()
    const { reads } = log
    log.append(2)
    hub.ring(log.append(1))
    await settled()
    expect(await rest()).toEqual([6, 7, 8])
    expect(log.reads - reads).toBe(1)
  })

  it('reads once more at most, however many rings come during a read', async () => {
    const { read, release, held } = heldReads(log)
    hub = open(read)
    const joining = follower()
    await release()
    const rest = await joining
    log.append(1)
    hub.ring(log.append(1))
    expect(held).toHaveLength(1)
    for (let count = 0; count < 50; count += 1) {
      log.append(1)
      hub.ring(log.append(1))
    }
    await release()
    expect(held).toHaveLength(1)
    await release()
    expect(held).toHaveLength(0)
    expect(await rest()).toEqual(Array.from({ length: 102 }, (_, index) => 6 + index))
  })

  it('reads no more for rings that came in another order, once all of them are there', async () => {
    const { read, release, held } = heldReads(log)
    hub = open(read)
    const joining = follower()
    await release()
    const rest = await joining
    const rings = [log.append(1), log.append(2), log.append(1)]
    for (const payload of rings.toReversed()) hub.ring(payload)
    expect(await rest()).toEqual([6, 7, 8, 9])
    expect(held).toHaveLength(1)
    await release()
    expect(held).toHaveLength(0)
  })

  it('takes no event twice, of rings that come twice or overlap', async () => {
    const rest = await follower()
    const { reads } = log
    const [first, second] = [log.append(2), log.append(1)]
    hub.ring(first)
    hub.ring(first)
    hub.ring({ ...first, events: [...first.events, ...second.events] })
    hub.ring(second)
    expect(await rest()).toEqual([6, 7, 8])
    expect(log.reads).toBe(reads)
  })

  it('takes a page that is older than a ring for what it is', async () => {
    const { read, release } = heldReads(log)
    hub = open(read)
    const joining = follower()
    await release()
    const rest = await joining
    hub.ring()
    hub.ring(log.append(1))
    await release()
    await release()
    expect(hub.head).toMatchObject({ run: 1, seq: 6 })
    expect(await rest()).toEqual([6])
  })

  const forgeries: Record<string, (next: AppendedEvents) => unknown> = {
    'is not what a ring is': () => 'ring',
    'is empty': ({ epoch }) => ({ epoch, events: [] }),
    'is of another run': ({ events }) => ({ epoch: newUuid(), events }),
    'has a gap': ({ epoch, events }) => ({ epoch, events: events.map((event) => ({ ...event, seq: event.seq * 2 })) }),
    'is of an unknown kind': ({ epoch, events }) => ({
      epoch,
      events: events.map((event) => ({ ...event, kind: 'Told' })),
    }),
    'lacks what it is about': ({ epoch, events }) => ({
      epoch,
      events: events.map(({ seq, kind }) => ({ seq, kind })),
    }),
  }
  it.each(Object.entries(forgeries))('reads the log when a payload %s', async (_, forge) => {
    const rest = await follower()
    const { reads } = log
    hub.ring(forge(log.append(2)))
    await settled()
    expect(await rest()).toEqual([6, 7])
    expect(log.reads - reads).toBe(1)
  })

  it('reads nothing for a ring of what flows beside the log, and passes it on to who wants it', async () => {
    await hub.join()
    const ringBeside = vi.fn()
    hub.add({ ring: () => undefined, ringBeside })
    ring.mockClear()
    const { reads } = log
    hub.ring(BESIDE)
    expect([ringBeside.mock.calls.length, ring.mock.calls.length, log.reads - reads]).toEqual([1, 0, 0])
  })

  it('looks for a ring that arrives as null, as one does that is too large for the bus', async () => {
    await hub.join()
    const { reads } = log
    log.append(1)
    hub.ring(null)
    await settled()
    expect([hub.head.seq, log.reads - reads]).toEqual([6, 1])
  })

  it('is behind another head, and where something may come without a ring', async () => {
    await hub.join()
    expect(hub.isBehind(log.head)).toBe(false)
    expect(hub.isBehind({ ...log.head, epoch: newUuid() })).toBe(true)
    expect(hub.isBehind({ ...log.head, seq: 4 })).toBe(true)
    expect(hub.isBehind({ ...log.head, seq: 6 })).toBe(true)
    const ringBeside = vi.fn()
    hub.add({ ring, ringBeside, isLive: () => true })
    expect(hub.isBehind(log.head)).toBe(true)
    const { reads } = log
    hub.ring(undefined, log.head)
    expect([ringBeside.mock.calls.length, log.reads - reads]).toEqual([1, 0])
    log.append(1)
    hub.ring(undefined, log.head)
    expect(log.reads - reads).toBe(1)
  })

  it('rings for what flows beside the log at once, and then together for all that comes within 20 ms', async () => {
    const ringBeside = vi.fn()
    hub.add({ ring, ringBeside })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      for (let count = 0; count < 10; count += 1) hub.ring(BESIDE)
      expect(ringBeside).toHaveBeenCalledTimes(1)
      await vi.advanceTimersByTimeAsync(19)
      expect(ringBeside).toHaveBeenCalledTimes(1)
      await vi.advanceTimersByTimeAsync(200)
      expect(ringBeside).toHaveBeenCalledTimes(2)
    } finally {
      vi.useRealTimers()
    }
  })

  const breaks: Record<string, () => void> = {
    'begins another run': () => log.renewEpoch(),
    'begins another run and goes on': () => {
      log.renewEpoch()
      log.append(7)
    },
    'lost its newest events': () => log.loseNewest(2),
    'has a hole': () => {
      log.append(10)
      log.keepNewest(3)
    },
  }
  it.each(Object.entries(breaks))('lets go of all places when the log %s', async (_, breakLog) => {
    const rest = await follower()
    breakLog()
    hub.ring()
    await settled()
    expect(hub.head).toMatchObject({ run: 2, ...log.head })
    expect(await hub.after({ ...hub.head, run: 1 })).toBeUndefined()
    expect(ring).toHaveBeenCalledTimes(2)

    const next = await follower()
    hub.ring(log.append(2))
    expect(await rest()).toBe('lost')
    expect(await next()).toEqual([log.head.seq - 1, log.head.seq])
  })

  it('gives nobody events of another run that a page brings before a ring does', async () => {
    log.append(600)
    await hub.join()
    log.renewEpoch()
    log.append(1)
    expect(await hub.after({ ...hub.head, seq: 10 })).toBeUndefined()
    expect(hub.head).toMatchObject({ run: 2, seq: log.head.seq })
  })

  it('says that the conversation is not there, also when it goes', async () => {
    await hub.join()
    log.remove()
    hub.ring()
    await settled()
    expect(hub.isOpen).toBe(false)
    expect(ring).toHaveBeenCalledTimes(2)
    await expect(hub.join()).rejects.toThrow(NotFoundError)
    expect(() => hub.head).toThrow(NotFoundError)
  })

  it('reads pages of 200 until it has all', async () => {
    const rest = await follower()
    log.append(450)
    hub.ring()
    const { reads } = log
    await vi.waitUntil(() => hub.head.seq === 455)
    expect(log.reads - reads).toBe(2)
    expect(await rest()).toEqual(Array.from({ length: 450 }, (_, index) => 6 + index))
  })

  it('keeps the newest 256 events, and reads them into memory once for all who come back', async () => {
    log.append(1_000)
    await hub.join()
    const { reads } = log
    const places = Array.from({ length: 257 }, (_, index) => ({ ...hub.head, seq: hub.head.seq - index }))
    const found = await Promise.all(places.map((place) => hub.after(place)))
    expect(found.map((events) => events?.length)).toEqual(places.map((_, index) => index))
    expect(log.reads - reads).toBe(1)
    expect(await hub.after({ ...hub.head, seq: hub.head.seq - 256 })).toHaveLength(256)
    expect(log.reads - reads).toBe(1)
  })

  it('reads no further back than somebody asks', async () => {
    log.append(1_000)
    await hub.join()
    expect(await hub.after({ ...hub.head, seq: hub.head.seq - 3 })).toHaveLength(3)
    expect(hub.ringSize).toBe(3)
    expect(await hub.messagesAfter(hub.head.messageCount - 10)).toHaveLength(10)
    expect(hub.ringSize).toBe(10)
  })

  it('gives what it has forgotten out of the log, and goes on', async () => {
    const place = await hub.join()
    hub.ring(log.append(200))
    hub.forget()
    expect([hub.ringSize, hub.kept(place)]).toEqual([0, undefined])
    hub.ring(log.append(2))
    expect(seqsOf(await hub.after({ ...place, seq: 203 }))).toEqual([204, 205, 206, 207])
    expect(seqsOf(await hub.after(place))?.[0]).toBe(6)
  })

  it('reads a page before those once for all who ask for it at a time', async () => {
    log.append(1_000)
    await hub.join()
    const { reads } = log
    const asked = Array.from({ length: 200 }, (_, index) => hub.after({ ...hub.head, seq: 200 + index }))
    for (const [index, page] of (await Promise.all(asked)).entries()) {
      expect(seqsOf(page)).toEqual(Array.from({ length: 200 - index }, (_, next) => 201 + index + next))
    }
    expect(log.reads - reads).toBe(1)
  })

  it('does not go on from a place that was pruned', async () => {
    log.append(1_000)
    log.keepNewest(500)
    await hub.join()
    expect(await hub.after({ ...hub.head, seq: 300 })).toBeUndefined()
    expect(seqsOf(await hub.after({ ...hub.head, seq: 505 }))?.[0]).toBe(506)
  })

  it('tells messages by number as far as they are among the newest events', async () => {
    log.append(400)
    await hub.join()
    expect(await hub.messagesAfter(405)).toEqual([])
    expect((await hub.messagesAfter(400))?.map(({ number }) => number)).toEqual([401, 402, 403, 404, 405])
    expect(await hub.messagesAfter(149)).toHaveLength(256)
    expect(await hub.messagesAfter(148)).toBeUndefined()
  })

  it('reads the head for all who join at a time, by a read that begins after they did', async () => {
    const { read, release, held } = heldReads(log)
    hub = open(read)
    const first = hub.join()
    log.append(1)
    const others = Array.from({ length: 100 }, () => hub.join())
    await release()
    expect(await first).toMatchObject({ seq: 5 })
    expect(held).toHaveLength(1)
    await release()
    expect((await Promise.all(others)).map(({ seq }) => seq)).toEqual(Array(100).fill(6))
  })

  it('fails who joins when the database does, and is as good as new afterwards', async () => {
    const failing = vi.fn(log.read).mockRejectedValueOnce(new Error('no database'))
    hub = open(failing)
    await expect(hub.join()).rejects.toThrow('no database')
    const rest = await follower()
    failing.mockRejectedValueOnce(new Error('no database'))
    log.append(1)
    hub.ring(log.append(1))
    await settled()
    expect(onFailure).toHaveBeenCalledOnce()
    hub.ring(log.append(1))
    await settled()
    expect(await rest()).toEqual([6, 7, 8])
  })
})
