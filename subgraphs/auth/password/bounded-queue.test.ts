import { describe, expect, test } from 'vitest'
import { RateLimitedError } from '../../../platform/errors.ts'
import { BoundedQueue } from './bounded-queue.ts'

describe('A bounded queue', () => {
  test('runs as many as it may at once, lets as many wait, and refuses the rest', async () => {
    const queue = new BoundedQueue({ atOnce: 2, waiting: 3 })
    const work = Array.from({ length: 6 }, () => Promise.withResolvers<number>())
    const started: number[] = []
    const results = work.map(({ promise }, index) =>
      queue.run(() => {
        started.push(index)
        return promise
      }),
    )
    await expect(results[5]).rejects.toThrow(RateLimitedError)
    expect(started).toEqual([0, 1])
    for (const [index, { resolve }] of work.entries()) resolve(index)
    expect(await Promise.all(results.slice(0, 5))).toEqual([0, 1, 2, 3, 4])
    expect(started).toEqual([0, 1, 2, 3, 4])
  })

  test('passes a place on when work fails', async () => {
    const queue = new BoundedQueue({ atOnce: 1, waiting: 1 })
    const failing = queue.run(() => Promise.reject(new Error('broken')))
    const next = queue.run(async () => 'done')
    await expect(failing).rejects.toThrow('broken')
    expect(await next).toBe('done')
    expect(await queue.run(async () => 'again')).toBe('again')
  })
})
