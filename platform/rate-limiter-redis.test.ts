import { Redis } from 'ioredis'
import { pino } from 'pino'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { freePort } from '../tests/support/parley-process.ts'
import { openRateLimiters } from './rate-limiter.ts'
import { RedisServer, requireRedis } from './testing/redis-server.ts'
import { isTaken, untilShared } from './testing/shared-limits.ts'

const LONG = { timeout: 20_000, interval: 50 }

describe('Rate limits in Redis', () => {
  test('are shared by all who have its URL', async (context) => {
    const redis = await startRedis(context)
    const [here, there] = [await open(redis.url), await open(redis.url)]
    await untilShared(here.limiters, there.limiters)
    const [first, second] = [here.limit('shared', 10), there.limit('shared', 10)]
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) => isTaken(index % 2 ? first : second, 'ada')),
    )
    expect(outcomes.filter(Boolean)).toHaveLength(10)
  })

  test('are counted by each process alone while Redis is killed, and together again when it is back', async (context) => {
    const redis = await startRedis(context)
    const [here, there] = [await open(redis.url), await open(redis.url)]
    const [first, second] = [here.limit(), there.limit()]
    await untilShared(here.limiters, there.limiters)
    await redis.kill()
    for (const limiter of [first, second]) {
      expect(await isTaken(limiter, 'while it is away')).toBe(true)
      expect(await isTaken(limiter, 'while it is away')).toBe(false)
      await limiter.giveBack('while it is away')
      expect(await isTaken(limiter, 'while it is away')).toBe(true)
    }
    await expect.poll(here.lines, LONG).toEqual(['warn'])
    await redis.start()
    await expect.poll(here.lines, LONG).toEqual(['warn', 'info'])
    await untilShared(here.limiters, there.limiters)
    expect(here.lines()).toEqual(['warn', 'info'])
  })

  test('answer every request that is under way when Redis is killed', async (context) => {
    const redis = await startRedis(context)
    const here = await open(redis.url)
    const limiter = here.limit('under-way', 1_000)
    await untilShared(here.limiters, (await open(redis.url)).limiters)
    const answers = Promise.all(Array.from({ length: 500 }, (_, key) => isTaken(limiter, `key ${key}`)))
    await redis.kill()
    expect(new Set(await answers)).toEqual(new Set([true]))
  })

  test('do not wait for a Redis that is not there yet, and find it when it comes', async (context) => {
    const redis = await startRedis(context)
    await redis.kill()
    const [here, there] = [await open(redis.url), await open(redis.url)]
    const limiter = here.limit()
    expect(await isTaken(limiter, 'ada')).toBe(true)
    expect(await isTaken(limiter, 'ada')).toBe(false)
    await expect.poll(here.lines).toEqual(['warn'])
    await redis.start()
    await untilShared(here.limiters, there.limiters)
    await expect.poll(here.lines, LONG).toEqual(['warn', 'info'])
  })

  test('do without a Redis that accepts connections and says nothing', async (context) => {
    const redis = await startRedis(context)
    const here = await open(redis.url)
    const limiter = here.limit()
    await untilShared(here.limiters, (await open(redis.url)).limiters)
    redis.freeze()
    const startedAt = performance.now()
    expect(await isTaken(limiter, 'frozen')).toBe(true)
    expect(await isTaken(limiter, 'frozen')).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    await expect.poll(here.lines, LONG).toEqual(['warn'])
  })

  test('say once that Redis refuses, and never what its URL is', async (context) => {
    const redis = await startRedis(context, '--requirepass', 'the-right-password')
    const here = await open(redis.url.replace('//', '//somebody:a-wrong-password@'))
    const limiter = here.limit()
    expect(await isTaken(limiter, 'ada')).toBe(true)
    expect(await isTaken(limiter, 'ada')).toBe(false)
    await expect.poll(here.lines, LONG).toEqual(['warn'])
    expect(here.text()).toContain('"reason":"WRONGPASS"')
    expect(here.text()).not.toMatch(/password|somebody|redis:/)
  })

  test('say once that Redis refuses the commands they need', async (context) => {
    const redis = await startRedis(context)
    await administer(redis, 'ACL', 'SETUSER', 'default', '-eval', '-evalsha')
    const here = await open(redis.url)
    const limiter = here.limit()
    const refused = async (key: number) => {
      expect(await isTaken(limiter, `key ${key}`)).toBe(true)
      return here.text()
    }
    let key = 0
    await expect.poll(() => refused(key++), LONG).toContain('"reason":"NOPERM"')
    await refused(key++)
    await refused(key++)
    expect(here.lines()).toEqual(['warn'])
  })

  test('leave nothing in Redis that tells whose they are, and nothing for ever', async (context) => {
    const redis = await startRedis(context)
    const here = await open(redis.url)
    await untilShared(here.limiters, (await open(redis.url)).limiters)
    await here.limit('mail').take('ada@example.com')
    const keys = (await administer(redis, 'KEYS', '*:mail:*')) as string[]
    expect(keys).toHaveLength(1)
    for (const key of keys) {
      expect(key).toMatch(/^parley:rate-limit:mail:[\w-]{43}$/)
      const life = Number(await administer(redis, 'TTL', key))
      expect(life).toBeGreaterThan(0)
      expect(life).toBeLessThanOrEqual(60)
    }
  })

  test('go on in memory after they were closed', async () => {
    const limiters = await openRateLimiters({
      redisUrl: `redis://127.0.0.1:${await freePort()}`,
      logger: pino({ level: 'silent' }),
    })
    const limiter = limiters.create({ name: 'closed', points: 1, seconds: 60, message: 'Too many tries.' })
    await limiters[Symbol.asyncDispose]()
    expect(await isTaken(limiter, 'ada')).toBe(true)
    expect(await isTaken(limiter, 'ada')).toBe(false)
  })
})

async function startRedis(context: TestContext, ...options: string[]): Promise<RedisServer> {
  requireRedis(context)
  const redis = await RedisServer.start(...options)
  onTestFinished(() => redis[Symbol.asyncDispose]())
  return redis
}

/** Limits as one process has them, and what it logs. */
async function open(redisUrl: string) {
  const written: string[] = []
  const formatters = { level: (level: string) => ({ level }) }
  const logger = pino({ level: 'trace', formatters }, { write: (line: string) => written.push(line) })
  const limiters = await openRateLimiters({ redisUrl, logger })
  onTestFinished(() => limiters[Symbol.asyncDispose]())
  return {
    limiters,
    limit: (name = 'tries', points = 1) => limiters.create({ name, points, seconds: 60, message: 'Too many tries.' }),
    text: () => written.join(''),
    lines: () => written.map((line): string => JSON.parse(line).level),
  }
}

/** One command on a connection of its own. */
async function administer(redis: RedisServer, command: string, ...args: string[]): Promise<unknown> {
  const client = new Redis(redis.url)
  try {
    return await client.call(command, ...args)
  } finally {
    client.disconnect()
  }
}
