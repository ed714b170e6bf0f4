import { afterAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { RateLimitedError } from './errors.ts'
import { createLogger } from './logging.ts'
import { createMetrics } from './metrics.ts'
import { openRateLimiters, type RateLimiter, type RateLimiters } from './rate-limiter.ts'
import { RedisServer, requireRedis } from './testing/redis-server.ts'
import { readOne } from './testing/scrape.ts'
import { untilShared } from './testing/shared-limits.ts'

const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })

let redis: Promise<RedisServer> | undefined
afterAll(async () => (await redis)?.[Symbol.asyncDispose]())

describeRateLimits('in memory', () => openLimiters(undefined))

describeRateLimits('in Redis', async (context) => {
  requireRedis(context)
  redis ??= RedisServer.start()
  const { url } = await redis
  const limiters = await openLimiters(url)
  await untilShared(limiters, await openLimiters(url))
  return limiters
})

async function openLimiters(redisUrl: string | undefined): Promise<RateLimiters> {
  const limiters = await openRateLimiters({ redisUrl, logger })
  onTestFinished(() => limiters[Symbol.asyncDispose]())
  return limiters
}

test('A refusal is counted for its limit, whoever is refused', async () => {
  const metrics = createMetrics()
  await using limiters = await openRateLimiters({ redisUrl: undefined, logger, metrics })
  const create = (name: string) => limiters.create({ name, points: 1, seconds: 60, message: 'Too many tries.' })
  const [tried] = [create('tried'), create('left-alone')]
  for (const key of ['ada', 'grace']) expect(await takes(tried, key, 3)).toEqual({ taken: 1, refused: 2 })
  expect(await readOne(metrics, 'parley_rate_limit_refusals_total')).toEqual({
    'limit="tried"': 4,
    'limit="left-alone"': 0,
  })
})

/** What holds wherever limits are counted. */
function describeRateLimits(where: string, openFor: (context: TestContext) => Promise<RateLimiters>) {
  let names = 0
  const open = async (context: TestContext, { points, seconds = 60 }: { points: number; seconds?: number }) => {
    const limiters = await openFor(context)
    names += 1
    return limiters.create({ name: `limit-${names}`, points, seconds, message: 'Too many tries.' })
  }

  describe(`A rate limit ${where}`, () => {
    test('lets exactly so many through, however many come at once', async (context) => {
      const limiter = await open(context, { points: 10 })
      expect(await takes(limiter, 'ada', 30)).toEqual({ taken: 10, refused: 20 })
    })

    test('counts each key for itself', async (context) => {
      const limiter = await open(context, { points: 1 })
      await limiter.take('ada')
      await limiter.take('grace')
      await expect(limiter.take('ada')).rejects.toThrow(RateLimitedError)
    })

    test('says to whom it refuses when to try again', async (context) => {
      const limiter = await open(context, { points: 1 })
      await limiter.take('ada')
      await expect(limiter.take('ada')).rejects.toThrow(/^Too many tries\. Try again in (60|59) seconds\.$/)
    })

    test('says one second in the singular', async (context) => {
      const limiter = await open(context, { points: 1, seconds: 1 })
      await limiter.take('ada')
      await expect(limiter.take('ada')).rejects.toThrow('Too many tries. Try again in 1 second.')
    })

    test('has a point again that was given back', async (context) => {
      const limiter = await open(context, { points: 2 })
      await limiter.take('ada')
      await limiter.take('ada')
      await limiter.giveBack('ada')
      expect(await takes(limiter, 'ada', 3)).toEqual({ taken: 1, refused: 2 })
    })

    test('counts nothing for those it refused', async (context) => {
      const limiter = await open(context, { points: 10 })
      await takes(limiter, 'ada', 30)
      await Promise.all(Array.from({ length: 10 }, () => limiter.giveBack('ada')))
      expect(await takes(limiter, 'ada', 30)).toEqual({ taken: 10, refused: 20 })
    })

    test('gives nobody more than all points, whatever is given back', async (context) => {
      const limiter = await open(context, { points: 2 })
      await limiter.giveBack('ada')
      await limiter.take('ada')
      await limiter.giveBack('ada')
      await limiter.giveBack('ada')
      expect(await takes(limiter, 'ada', 5)).toEqual({ taken: 2, refused: 3 })
    })

    test('has all points again when its time is over, and those given back late do not count', async (context) => {
      const limiter = await open(context, { points: 2, seconds: 1 })
      expect(await takes(limiter, 'ada', 2)).toEqual({ taken: 2, refused: 0 })
      await expect.poll(() => takes(limiter, 'ada', 1), { timeout: 5_000, interval: 20 }).toMatchObject({ taken: 1 })
      expect(await takes(limiter, 'ada', 1)).toEqual({ taken: 1, refused: 0 })
      expect(await takes(limiter, 'ada', 1)).toEqual({ taken: 0, refused: 1 })
    })

    test('takes keys of any length and script', async (context) => {
      const limiter = await open(context, { points: 1 })
      for (const key of ['', '\u0000', 'ж'.repeat(100_000), 'a b\r\nc']) {
        await limiter.take(key)
        await expect(limiter.take(key)).rejects.toThrow(RateLimitedError)
      }
    })
  })
}

/** How many of so many takes at once were let through. */
async function takes(limiter: RateLimiter, key: string, count: number): Promise<{ taken: number; refused: number }> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => limiter.take(key)))
  const refusals = outcomes.filter((outcome) => outcome.status === 'rejected')
  for (const { reason } of refusals) expect(reason).toBeInstanceOf(RateLimitedError)
  return { taken: count - refusals.length, refused: refusals.length }
}
