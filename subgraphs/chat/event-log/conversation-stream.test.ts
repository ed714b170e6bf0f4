import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NotFoundError } from '../../../platform/errors.ts'
import { decodeEventCursor, encodeEventCursor } from './event-cursor.ts'
import { FakeLog } from './testing/fake-log.ts'
import { openHubs } from './testing/hub-bench.ts'

type Stream = ReturnType<ReturnType<typeof openHubs>['follow']>

/** What a stream gives until it has nothing more to say at once. */
async function takeUntil(stream: Stream, isLast: (item: { __typename: string; seq?: number }) => boolean) {
  const items: { __typename: string; seq?: number; cursor: string | null; reason?: string }[] = []
  for (;;) {
    const { value, done } = await stream.next()
    if (done) return items
    items.push(value)
    if (isLast(value)) return items
  }
}

const isCaughtUp = ({ __typename }: { __typename: string }) => __typename === 'CaughtUp'
const cursorAt = (log: FakeLog, seq: number) => encodeEventCursor({ epoch: log.head.epoch, seq })

describe('a stream of a conversation', () => {
  it('says how to go on when the server stops', async () => {
    await using bench = openHubs()
    const stream = bench.follow()
    expect(stream.drainingEvent(3_000)).toEqual({ __typename: 'Draining', cursor: null, reconnectWithinMs: 3_000 })
    await stream.return()
  })

  const lost: Record<string, (log: FakeLog) => string> = {
    'is more than 1,000 events behind': (log) => cursorAt(log, log.head.seq - 1_001),
    'lies beyond the end': (log) => cursorAt(log, log.head.seq + 1),
    'is of another run': () => encodeEventCursor({ epoch: 'another', seq: 1 }),
    'is none': () => 'none',
    'lies before what was pruned': (log) => {
      log.keepNewest(500)
      return cursorAt(log, log.head.seq - 501)
    },
  }
  it.each(Object.entries(lost))('begins with Reset at the head when the cursor %s', async (_, cursorOf) => {
    await using bench = openHubs()
    bench.log.append(1_500)
    const stream = bench.follow(cursorOf(bench.log))
    expect(await takeUntil(stream, () => true)).toEqual([
      { __typename: 'Reset', cursor: cursorAt(bench.log, 1_500), reason: expect.stringMatching(/^The cursor /) },
    ])
    bench.bus.publish(`conversation/${bench.log.conversationId}`, bench.log.append(1))
    expect(await takeUntil(stream, () => true)).toMatchObject([{ __typename: 'MessageAdded', seq: 1_501 }])
    await stream.return()
  })

  it('is replayed whole when the cursor is exactly 1,000 events behind', async () => {
    await using bench = openHubs()
    bench.log.append(1_500)
    const stream = bench.follow(cursorAt(bench.log, 500))
    const items = await takeUntil(stream, isCaughtUp)
    expect(items.slice(0, -1).map(({ seq }) => seq)).toEqual(Array.from({ length: 1_000 }, (_, index) => 501 + index))
    await stream.return()
  })

  it('is told to each of its followers once that it began anew, at the new head', async () => {
    await using bench = openHubs({ sweepEveryMs: 5 })
    const { log } = bench
    log.append(10)
    const streams = Array.from({ length: 50 }, (_, index) => bench.follow(cursorAt(log, index % 10)))
    for (const stream of streams) await takeUntil(stream, isCaughtUp)
    log.renewEpoch()
    log.loseNewest(3)
    const resets = await Promise.all(streams.map((stream) => takeUntil(stream, () => true)))
    for (const [reset] of resets) {
      expect(reset).toEqual({ __typename: 'Reset', cursor: cursorAt(log, 7), reason: 'The event log began anew.' })
    }
    log.append(1)
    const rests = await Promise.all(streams.map((stream) => takeUntil(stream, () => true)))
    for (const [next] of rests) expect(next).toMatchObject({ __typename: 'MessageAdded', cursor: cursorAt(log, 8) })
    for (const stream of streams) await stream.return()
  })

  it('ends with AccessRevoked when its viewer was removed before the log began anew', async () => {
    await using bench = openHubs({ sweepEveryMs: 5 })
    let mayRead = true
    const stream = bench.follow(undefined, { viewerId: 'grace', mayRead: async () => mayRead })
    await takeUntil(stream, isCaughtUp)
    mayRead = false
    bench.log.renewEpoch()
    expect(await takeUntil(stream, () => false)).toMatchObject([{ __typename: 'AccessRevoked' }])
  })

  it('ends with an error when the conversation is gone', async () => {
    await using bench = openHubs({ sweepEveryMs: 5 })
    const stream = bench.follow()
    await takeUntil(stream, isCaughtUp)
    bench.log.remove()
    await expect(stream.next()).rejects.toThrow(NotFoundError)
  })
})

/** What the bus does to a ring; `held` ones come later, in any order. */
const fate = fc.constantFrom('rings', 'rings', 'rings', 'rings twice', 'is held', 'is lost')

/** What may happen while people follow a conversation, and how many turns of the event loop pass then. */
const turns = fc.nat({ max: 3 })
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('append' as const), count: fc.integer({ min: 1, max: 3 }), fate, turns }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('append' as const), count: fc.constant(240), fate, turns }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('release' as const), at: fc.nat({ max: 4 }), turns }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('join' as const), behind: fc.nat({ max: 700 }), turns }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('leave' as const), at: fc.nat({ max: 9 }), turns }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('resume' as const), at: fc.nat({ max: 9 }), turns }) },
)

const pass = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

/** Somebody who reads their stream as it comes, and notes what they get. */
class Reader {
  readonly #open: (after: string | undefined) => Stream
  start: number
  readonly seqs: number[] = []
  #stream: Stream
  #reading: Promise<void>
  cursor: string

  constructor(open: (after: string | undefined) => Stream, start: number, cursor: string) {
    this.#open = open
    this.start = start
    this.cursor = cursor
    this.#stream = open(cursor)
    this.#reading = this.#read(this.#stream)
  }

  async #read(stream: Stream): Promise<void> {
    for (let next = await stream.next(); !next.done; next = await stream.next()) {
      const { value } = next
      if (value.__typename === 'Reset') this.#beginAnew(value)
      if (!('seq' in value)) continue
      this.seqs.push(value.seq)
      this.cursor = value.cursor
    }
  }

  /** So much may have been appended before the stream had begun that it is too far behind; nothing else excuses it. */
  #beginAnew({ reason, cursor }: { reason: string; cursor: string }): void {
    expect(reason).toBe('The cursor is more than 1000 events behind.')
    this.start = decodeEventCursor(cursor)?.seq ?? -1
    this.seqs.length = 0
    this.cursor = cursor
  }

  async leave(): Promise<void> {
    await this.#stream.return()
    await this.#reading
  }

  async resume(): Promise<void> {
    await this.leave()
    this.#stream = this.#open(this.cursor)
    this.#reading = this.#read(this.#stream)
  }
}

describe('whatever happens to rings, reads and readers', () => {
  it('everybody gets every event after their cursor once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.infiniteStream(fc.nat({ max: 3 })),
        async (steps, delays) => {
          const log = new FakeLog()
          /** Reads answer late, some with what was true when they began, some with what is true when they end. */
          const readLog: FakeLog['read'] = async (_, seq, limit) => {
            const delay = delays.next().value ?? 0
            const early = log.page(seq, limit)
            await pass(delay)
            return delay % 2 === 0 ? early : log.page(seq, limit)
          }
          await using bench = openHubs({ log, readLog })
          const { hub, leave } = bench.hubs.follow(log.conversationId, { ring: () => undefined })
          await hub.join()
          const held: object[] = []
          const ring = (payload: object | undefined) => payload && hub.ring(structuredClone(payload))
          const there: Reader[] = []
          const gone: Reader[] = []
          for (const now of steps) {
            if (now.what === 'append') {
              const payload = log.append(now.count)
              if (now.fate === 'is held') held.push(payload)
              if (now.fate.startsWith('rings')) ring(payload)
              if (now.fate === 'rings twice') ring(payload)
            } else if (now.what === 'release') ring(held.splice(now.at, 1)[0])
            else if (now.what === 'join') {
              const start = Math.max(0, log.head.seq - now.behind)
              there.push(new Reader((after) => bench.follow(after), start, cursorAt(log, start)))
            } else if (now.what === 'resume') await there[now.at]?.resume()
            else {
              const left = there.splice(now.at, 1)
              for (const reader of left) await reader.leave()
              gone.push(...left)
            }
            await pass(now.turns)
          }
          // What a sweep does within a second.
          hub.ring()
          for (const reader of there) await expect.poll(() => reader.start + reader.seqs.length).toBe(log.head.seq)
          for (const { seqs, start } of [...there, ...gone])
            expect(seqs).toEqual(seqs.map((_, index) => start + index + 1))
          for (const reader of there) await reader.leave()
          leave()
        },
      ),
      { numRuns: 150 },
    )
  })
})
