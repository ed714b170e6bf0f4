import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NotFoundError } from '../../../platform/errors.ts'
import { PullStream } from './pull-stream.ts'

/** A source that gives what was put into it since the last read. */
class Well {
  readonly #pending: number[] = []
  reads = 0
  closings = 0

  put(...items: number[]): void {
    this.#pending.push(...items)
  }

  async read() {
    this.reads += 1
    return { items: this.#pending.splice(0) }
  }

  close(): void {
    this.closings += 1
  }
}

const DONE = { done: true, value: undefined }

describe('a pull stream', () => {
  it('reads once for what gathered while its consumer was slow', async () => {
    const well = new Well()
    const stream = new PullStream(well)
    for (const item of [1, 2, 3]) {
      well.put(item)
      stream.ring()
    }

    expect([await stream.next(), await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([1, 2, 3])
    expect(well.reads).toBe(1)
  })

  it('reads again when it was rung during a read', async () => {
    const first = Promise.withResolvers<{ items: string[] }>()
    const reads = [() => first.promise, async () => ({ items: ['rung for'] })]
    const stream = new PullStream({ read: () => reads.shift()?.() ?? Promise.reject(), close: () => undefined })
    const next = stream.next()
    stream.ring()
    first.resolve({ items: [] })

    expect(await next).toEqual({ done: false, value: 'rung for' })
  })

  it('gives every item once and in order, however rings and reads fall together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 30 }), async (scheduler, count) => {
        const well = new Well()
        const stream = new PullStream({ read: scheduler.scheduleFunction(() => well.read()), close: () => undefined })
        const producer = scheduler.scheduleSequence(
          Array.from({ length: count }, (_, item) => async () => {
            well.put(item)
            stream.ring()
          }),
        )
        const taken: number[] = []
        const consumer = (async () => {
          while (taken.length < count) taken.push((await stream.next()).value ?? -1)
        })()
        await scheduler.waitFor(Promise.all([producer.task, consumer]))
        expect(taken).toEqual(Array.from({ length: count }, (_, item) => item))
      }),
    )
  })

  it('gives the items of its last read, then ends and closes its source', async () => {
    const close = vi.fn()
    const stream = new PullStream({ read: async () => ({ items: ['last'], ended: true }), close })

    expect([await stream.next(), await stream.next(), await stream.next()]).toEqual([
      { done: false, value: 'last' },
      DONE,
      DONE,
    ])
    expect(close).toHaveBeenCalledOnce()
  })

  it('ends a next() that waits as soon as it is returned, and closes its source once', async () => {
    const well = new Well()
    const stream = new PullStream(well)
    const waiting = stream.next()

    await stream.return()
    await stream.return()

    expect(await waiting).toEqual(DONE)
    expect(well.closings).toBe(1)
  })

  it('gives nothing of a read that ends after it was returned', async () => {
    const read = Promise.withResolvers<{ items: string[] }>()
    const stream = new PullStream({ read: () => read.promise, close: () => undefined })
    const waiting = stream.next()
    await stream.return()
    read.resolve({ items: ['too late'] })

    expect([await waiting, await stream.next()]).toEqual([DONE, DONE])
  })

  it('tries a read again that failed, and goes on where it was', async () => {
    const read = vi.fn<() => Promise<{ items: number[] }>>()
    read.mockRejectedValueOnce(new Error('no database')).mockRejectedValueOnce(new Error('still none'))
    read.mockResolvedValue({ items: [1] })
    const stream = new PullStream({ read, close: vi.fn(), retryAfterMs: [1, 1] })

    expect((await stream.next()).value).toBe(1)
    expect(read).toHaveBeenCalledTimes(3)
  })

  it('ends, and closes its source, with the error of a read that goes on failing', async () => {
    const close = vi.fn()
    const read = vi.fn(() => Promise.reject(new Error('no database')))
    const stream = new PullStream({ read, close, retryAfterMs: [1, 1, 1] })

    await expect(stream.next()).rejects.toThrow('no database')
    expect(await stream.next()).toEqual(DONE)
    expect(read).toHaveBeenCalledTimes(4)
    expect(close).toHaveBeenCalledOnce()
  })

  it('ends at once with an error that trying again cannot mend', async () => {
    const read = vi.fn(() => Promise.reject(new NotFoundError('conversation')))
    const stream = new PullStream({ read, close: vi.fn() })

    await expect(stream.next()).rejects.toThrow(NotFoundError)
    expect(read).toHaveBeenCalledOnce()
  })

  it('can be left while it waits to try again', async () => {
    const close = vi.fn()
    const stream = new PullStream({
      read: () => Promise.reject(new Error('no database')),
      close,
      retryAfterMs: [60_000],
    })
    const waiting = stream.next()
    await stream.return()

    expect(await waiting).toEqual(DONE)
    expect(close).toHaveBeenCalledOnce()
  })
})

describe('a silent pull stream', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const idling = (well: Well) =>
    new PullStream<number | string>({
      read: () => well.read(),
      close: () => well.close(),
      idle: { afterMs: () => 1_000, item: () => 'still here' },
    })

  it('says so again and again', async () => {
    const stream = idling(new Well())
    for (const _ of [1, 2, 3]) {
      const next = stream.next()
      await vi.advanceTimersByTimeAsync(1_000)
      expect((await next).value).toBe('still here')
    }
  })

  it('says so in time although rings that bring nothing come all the while', async () => {
    const stream = idling(new Well())
    const said = vi.fn()
    void stream.next().then(said)
    for (let elapsed = 0; elapsed < 1_000; elapsed += 100) {
      await vi.advanceTimersByTimeAsync(100)
      stream.ring()
    }
    await vi.advanceTimersByTimeAsync(0)

    expect(said).toHaveBeenCalledWith({ done: false, value: 'still here' })
  })

  it('counts the silence from its last item', async () => {
    const well = new Well()
    const stream = idling(well)
    const first = stream.next()
    await vi.advanceTimersByTimeAsync(900)
    well.put(1)
    stream.ring()
    expect((await first).value).toBe(1)

    const said = vi.fn()
    void stream.next().then(said)
    await vi.advanceTimersByTimeAsync(900)
    expect(said).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(100)
    expect(said).toHaveBeenCalledWith({ done: false, value: 'still here' })
  })

  it('leaves no timer behind', async () => {
    const stream = idling(new Well())
    const waiting = stream.next()
    await vi.advanceTimersByTimeAsync(10)
    await stream.return()
    await waiting

    expect(vi.getTimerCount()).toBe(0)
  })
})
