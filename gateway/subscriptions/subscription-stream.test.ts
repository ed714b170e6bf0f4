import { describe, expect, it } from 'vitest'
import { LagBudget } from './lag-budget.ts'
import { type StreamFeed, SubscriptionStream } from './subscription-stream.ts'

const BOUNDS = { maxEvents: 3, maxCharacters: 1_000 }

/** An event whose JSON is its value, and whose position is a number. */
const event = (value: number | string) => ({
  text: JSON.stringify(value),
  payload: { data: { value } },
  position: typeof value === 'number' ? value : undefined,
})

const BUDGET = new LagBudget(10_000)

/** A stream whose upstream and execution the test holds in its hands. */
function openStream({
  complete = async (text: string) => text,
  budget = BUDGET,
  canPause = false,
  isLatestEnough = false,
} = {}) {
  const log: string[] = []
  let isPaused = false
  const pause = (as: string) => {
    if (!canPause) return false
    isPaused = true
    log.push(as)
    return true
  }
  const feed: StreamFeed = {
    get isPaused() {
      return isPaused
    },
    start: () => {},
    pause: () => pause('paused'),
    rewind: (position) => pause(`rewound to ${position}`),
    resume() {
      isPaused = false
      log.push('resumed')
    },
    move: () => true,
    stop: () => log.push('unsubscribed'),
  }
  const stream = new SubscriptionStream({
    subgraph: 'numbers',
    isLatestEnough,
    bounds: BOUNDS,
    budget,
    feed: () => feed,
    complete: ({ text }, signal) => {
      signal.addEventListener('abort', () => log.push('aborted'))
      return complete(text)
    },
    failed: (errors) => JSON.stringify(errors.map(({ message }) => message).join()),
    onEnd: () => log.push('ended'),
  })
  return { stream, log, push: (...values: (number | string)[]) => values.map((value) => stream.push(event(value))) }
}

async function drain(stream: SubscriptionStream): Promise<unknown[]> {
  const results = []
  for await (const text of stream) results.push(JSON.parse(text))
  return results
}

async function take(stream: SubscriptionStream): Promise<unknown> {
  const { value } = await stream.next()
  return value === undefined ? undefined : JSON.parse(value)
}

describe('a subscription stream', () => {
  it('gives its events in order, then ends', async () => {
    const { stream, log, push } = openStream()
    push(1, 2, 3)
    stream.finish()
    expect(await drain(stream)).toEqual([1, 2, 3])
    expect(log).toEqual(['unsubscribed', 'ended'])
  })

  it('says last why it ended', async () => {
    const { stream, push } = openStream()
    push(1)
    stream.finish([new Error('upstream is gone')])
    expect(await drain(stream)).toEqual([1, 'upstream is gone'])
  })

  it('lets go of everything upstream at once when it is left while it waits for an event', async () => {
    const { stream, log } = openStream()
    const waiting = stream.next()
    await stream.return()
    expect(log).toEqual(['unsubscribed', 'ended'])
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('lets go of everything upstream at once when it is left while it completes an event', async () => {
    const { stream, log, push } = openStream({ complete: () => new Promise(() => {}) })
    push(1)
    const waiting = stream.next()
    await stream.return()
    expect(log).toEqual(['unsubscribed', 'aborted', 'ended'])
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('can be terminated while it waits, and then gives the reason alone', async () => {
    const { stream, log } = openStream()
    const results = drain(stream)
    stream.terminate(new Error('signed out'))
    expect(await results).toEqual(['signed out'])
    expect(log).toEqual(['unsubscribed', 'ended'])
  })

  it('can be terminated between two results, and then drops what waits', async () => {
    const { stream, push } = openStream()
    push(1, 2)
    await stream.next()
    stream.terminate(new Error('signed out'))
    expect(await drain(stream)).toEqual(['signed out'])
  })

  it('can be terminated while it completes an event', async () => {
    const { stream, push } = openStream({ complete: () => new Promise(() => {}) })
    push(1)
    const results = drain(stream)
    stream.terminate(new Error('signed out'))
    expect(await results).toEqual(['signed out'])
  })
})

describe('the end of a stream', () => {
  it('is told once, whoever ends it again before its client has read on', async () => {
    const { stream, log } = openStream()
    stream.terminate(new Error('signed out'))
    expect(await take(stream)).toBe('signed out')
    stream.terminate(new Error('something else'))
    expect(await drain(stream)).toEqual([])
    expect(log).toEqual(['unsubscribed', 'ended'])
  })

  it('is not told twice to somebody who was waiting for it', async () => {
    const { stream } = openStream()
    const waiting = take(stream)
    stream.terminate(new Error('signed out'))
    stream.terminate(new Error('something else'))
    expect([await waiting, await take(stream)]).toEqual(['signed out', undefined])
  })
})

describe('a stream that is read by two at once', () => {
  it('refuses the second, and loses nothing of the first', async () => {
    const { stream, push } = openStream()
    const first = take(stream)
    await expect(stream.next()).rejects.toThrow('The stream is being read already.')
    push(1, 2)
    expect([await first, await take(stream)]).toEqual([1, 2])
  })
})

describe('a stream whose event cannot be completed at all', () => {
  it('ends with the reason, and the process lives', async () => {
    const { stream, log, push } = openStream({ complete: () => Promise.reject(new Error('it is nested too deep')) })
    push(1, 2)
    expect(await drain(stream)).toEqual(['it is nested too deep'])
    expect(log).toEqual(['unsubscribed', 'aborted', 'ended'])
  })

  it('says nothing more when it had ended for another reason', async () => {
    const { promise, reject } = Promise.withResolvers<string>()
    const { stream, push } = openStream({ complete: () => promise })
    push(1)
    const results = drain(stream)
    stream.terminate(new Error('signed out'))
    reject(new Error('abandoned'))
    expect(await results).toEqual(['signed out'])
  })
})

describe('a stream that cannot be taken up again and falls too far behind', () => {
  it('ends with an error, after every event that it had taken', async () => {
    const { stream, log, push } = openStream()
    expect(push(1, 2, 3, 4, 5)).toEqual([true, true, true, false, false])
    expect(log).toEqual(['unsubscribed'])
    expect(await drain(stream)).toEqual([1, 2, 3, expect.stringMatching(/fell behind/)])
  })

  it('is too far behind by size as well as by number', async () => {
    const { stream, push } = openStream()
    push('x'.repeat(600), 'y'.repeat(600))
    expect((await drain(stream)).at(-1)).toMatch(/fell behind/)
  })

  it('takes one event of any size', async () => {
    const { stream, push } = openStream()
    push('x'.repeat(2_000))
    stream.finish()
    expect(await drain(stream)).toEqual(['x'.repeat(2_000)])
  })

  it('ends with the same error, and gives its memory back, when all together are', async () => {
    const budget = new LagBudget(1_000)
    const [large, small] = [openStream({ budget }), openStream({ budget })]
    large.push('x'.repeat(600))
    small.push('y'.repeat(400))
    expect(large.log).toEqual(['unsubscribed'])
    expect(small.log).toEqual([])
    expect(budget.characters).toBeLessThan(600)
    expect(await drain(large.stream)).toEqual([expect.stringMatching(/fell behind/)])
    small.stream.finish()
    expect(await drain(small.stream)).toEqual(['y'.repeat(400)])
    expect(budget.characters).toBe(0)
  })
})

describe('a stream that can be taken up again and falls too far behind', () => {
  it('pauses, keeps what it has, and goes on when half of it is gone', async () => {
    const { stream, log, push } = openStream({ canPause: true })
    expect(push(1, 2, 3, 4)).toEqual([true, true, true, false])
    expect(log).toEqual(['paused'])
    expect(await take(stream)).toBe(1)
    expect(log).toEqual(['paused'])
    expect(await take(stream)).toBe(2)
    expect(log).toEqual(['paused', 'resumed'])
    push(4)
    stream.finish()
    expect(await drain(stream)).toEqual([3, 4])
  })

  it('goes back to the last event that it gave, and gives its memory back, when all together are', async () => {
    const budget = new LagBudget(100)
    const [rewound, other] = [openStream({ budget, canPause: true }), openStream({ budget, canPause: true })]
    rewound.push(1, 'aside', 'x'.repeat(60))
    expect([await take(rewound.stream), await take(rewound.stream)]).toEqual([1, 'aside'])
    other.push('y'.repeat(50))
    expect(rewound.log).toEqual(['rewound to 1'])
    expect(budget.characters).toBe(52)
    const next = take(rewound.stream)
    expect(rewound.log).toEqual(['rewound to 1', 'resumed'])
    rewound.push(2)
    expect(await next).toBe(2)
  })

  it('goes back behind an event that somebody was waiting for', async () => {
    const budget = new LagBudget(100)
    const { stream, log, push } = openStream({ budget, canPause: true })
    const first = take(stream)
    push(1, 'x'.repeat(200))
    expect(log).toEqual(['rewound to 1'])
    expect(await first).toBe(1)
  })

  it('forgets what waits when only the latest counts', async () => {
    const { stream, log, push } = openStream({ canPause: true, isLatestEnough: true })
    push(1, 2, 3, 4)
    expect(log).toEqual(['rewound to undefined'])
    const next = take(stream)
    expect(log).toEqual(['rewound to undefined', 'resumed'])
    push(4)
    expect(await next).toBe(4)
  })

  it('ends with an error when nothing more comes, and it holds most when all together are too far behind', async () => {
    const budget = new LagBudget(100)
    const [finished, other] = [openStream({ budget, canPause: true }), openStream({ budget })]
    finished.push('x'.repeat(60))
    finished.stream.finish()
    other.push('y'.repeat(50))
    expect(await drain(finished.stream)).toEqual([expect.stringMatching(/fell behind/)])
  })
})
