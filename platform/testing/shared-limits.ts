import { expect } from 'vitest'
import type { RateLimiter, RateLimiters } from '../rate-limiter.ts'

const POINTS = 3

/** Whether a point could be taken. */
export function isTaken(limiter: RateLimiter, key: string): Promise<boolean> {
  return limiter.take(key).then(
    () => true,
    () => false,
  )
}

/** Waits until what one takes the other lacks: both have found Redis. */
export async function untilShared(one: RateLimiters, other: RateLimiters): Promise<void> {
  const options = { name: 'sharing', points: POINTS, seconds: 60, message: 'All points are taken.' }
  const [first, second] = [one.create(options), other.create(options)]
  const isShared = async () => {
    const key = crypto.randomUUID()
    for (let taken = 0; taken < POINTS; taken += 1) await isTaken(first, key)
    return !(await isTaken(second, key))
  }
  await expect.poll(isShared, { timeout: 20_000, interval: 50 }).toBe(true)
}
