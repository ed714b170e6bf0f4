import type { FormattedExecutionResult } from 'graphql'
import { describe, expect, it } from 'vitest'
import { LagBudget } from './lag-budget.ts'
import { SubscriptionStream } from './subscription-stream.ts'

const BOUNDS = { maxEvents: 3, maxCharacters: 1_000 }

const event = (number: number): FormattedExecutionResult => ({ data: { number } })

const BUDGET = new LagBudget(10_000)

/** A stream whose upstream and execution the test holds in its hands. */
function openStream(
  execute: (event: FormattedExecutionResult) => Promise<FormattedExecutionResult> = async (it) => it,
  budget = BUDGET,
) {
  const log: string[] = []
  const stream = new SubscriptionStream({
    subgraph: 'numbers',
    bounds: BOUNDS,
    budget,
    open: () => () => log.push('unsubscribed'),
    execute: (it, signal) => {
      signal.addEventListener('abort', () => log.push('aborted'))
      return execute(it)
    },
    failed: (error) => ({ errors: [{ message: error.message }] }),
    onEnd: () => log.push('ended'),
  })
  return { stream, log }
}

async function drain(stream: SubscriptionStream): Promise<unknown[]> {
  const results = []
  for await (const { data, errors } of stream) results.push(data?.number ?? errors?.[0]?.message)
  return results
}

describe('a subscription stream', () => {
  it('gives its events in order, then ends', async () => {
    const { stream, log } = openStream()
    for (const number of [1, 2, 3]) stream.push(event(number))
    stream.finish()
    expect(await drain(stream)).toEqual([1, 2, 3])
    expect(log).toEqual(['unsubscribed', 'ended'])
  })

  it('says last why it ended', async () => {
    const { stream } = openStream()
    stream.push(event(1))
    stream.finish({ errors: [{ message: 'upstream is gone' }] })
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
    const { stream, log } = openStream(() => new Promise(() => {}))
    stream.push(event(1))
    const waiting = stream.next()
    await Promise.resolve()
    await stream.return()
    expect(log).toEqual(['unsubscribed', 'aborted', 'ended'])
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('ends with an error when it falls too far behind, after every event that it had taken', async () => {
    const { stream, log } = openStream()
    for (const number of [1, 2, 3, 4, 5]) stream.push(event(number))
    expect(log).toEqual(['unsubscribed'])
    expect(await drain(stream)).toEqual([1, 2, 3, expect.stringMatching(/fell behind/)])
  })

  it('falls behind by size as well as by number', async () => {
    const { stream } = openStream()
    stream.push({ data: { number: 'x'.repeat(600) } })
    stream.push({ data: { number: 'y'.repeat(600) } })
    expect((await drain(stream)).at(-1)).toMatch(/fell behind/)
  })

  it('ends with the same error, and gives its memory back, when all together have fallen too far behind', async () => {
    const budget = new LagBudget(1_000)
    const [large, small] = [openStream(undefined, budget), openStream(undefined, budget)]
    large.stream.push({ data: { number: 'x'.repeat(600) } })
    small.stream.push({ data: { number: 'y'.repeat(400) } })
    expect(large.log).toEqual(['unsubscribed'])
    expect(small.log).toEqual([])
    expect(budget.characters).toBeLessThan(600)
    expect(await drain(large.stream)).toEqual([expect.stringMatching(/fell behind/)])
    small.stream.finish()
    expect(await drain(small.stream)).toEqual(['y'.repeat(400)])
    expect(budget.characters).toBe(0)
  })

  it('can be terminated while it waits, and then gives the reason alone', async () => {
    const { stream, log } = openStream()
    const results = drain(stream)
    stream.terminate(new Error('signed out'))
    expect(await results).toEqual(['signed out'])
    expect(log).toEqual(['unsubscribed', 'ended'])
  })

  it('can be terminated between two results, and then drops what waits', async () => {
    const { stream } = openStream()
    stream.push(event(1))
    stream.push(event(2))
    await stream.next()
    stream.terminate(new Error('signed out'))
    expect(await drain(stream)).toEqual(['signed out'])
  })

  it('can be terminated while it completes an event', async () => {
    const { stream } = openStream(() => new Promise(() => {}))
    stream.push(event(1))
    const results = drain(stream)
    await Promise.resolve()
    stream.terminate(new Error('signed out'))
    expect(await results).toEqual(['signed out'])
  })
})
