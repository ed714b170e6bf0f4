import { createHash } from 'node:crypto'
import { type RateLimiterLike, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError } from './errors.ts'
import type { Logger } from './logging.ts'
import { counter, createMetrics, type Metrics } from './metrics.ts'
import { MemoryWindows } from './rate-limiter-memory.ts'
import { shareWindows } from './rate-limiter-redis.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Lets somebody do something so often in a time, and no oftener. */
export interface RateLimiter {
  /**
   * Takes one point of the key's. A take that is refused takes nothing.
   *
   * @throws RateLimitedError, saying in how many seconds to try again.
   */
  take(key: string): Promise<void>
  /** Gives a point back that was taken for something that turned out well. A key never has more than all its points. */
  giveBack(key: string): Promise<void>
}

export interface RateLimitOptions {
  /** Tells limits apart; no two of a graph may have the same. */
  readonly name: string
  readonly points: number
  /** Whole seconds, from the first take on; then all points are there again. */
  readonly seconds: number
  /** A sentence for the caller who is refused; the waiting time is added. */
  readonly message: string
}

/** Makes rate limits that count in one place. */
export interface RateLimiters extends AsyncDisposable {
  /** At most `points` in `seconds` for each key. */
  create(options: RateLimitOptions): RateLimiter
}

/**
 * Opens the place where rate limits are counted: Redis, shared by all processes with the same URL, or else this
 * process. Redis is waited for a quarter of a second at most: while it is away each process counts for itself, so that
 * losing it loses the sharing and nothing else.
 *
 * @param options.metrics are told how often each limit refuses.
 */
export async function openRateLimiters(options: {
  redisUrl: string | undefined
  logger: Logger
  metrics?: Metrics | undefined
}): Promise<RateLimiters> {
  const refusals = counter(options.metrics ?? createMetrics(), REFUSALS)
  const redis = options.redisUrl === undefined ? undefined : await connect(options.redisUrl, options.logger)
  return {
    create: (limit) => {
      const refused = refusals.labels(limit.name)
      refused.inc(0)
      return limiterOn(windowsOf(limit, redis), limit, () => refused.inc())
    },
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]()
    },
  }
}

const REFUSALS = {
  name: 'parley_rate_limit_refusals_total',
  help: 'Requests, or parts of one, that a rate limit refused, by the name of the limit.',
  labels: ['limit'],
} as const

/** Loaded where it is used: a client that nobody asked for would slow every start down. */
async function connect(redisUrl: string, logger: Logger): Promise<RedisConnection> {
  const { connectToRedis } = await import('./redis-connection.ts')
  return connectToRedis(redisUrl, logger)
}

function windowsOf(limit: RateLimitOptions, redis: RedisConnection | undefined): RateLimiterLike {
  const own = new MemoryWindows(limit)
  return redis ? shareWindows(redis.client, limit, own) : own
}

function limiterOn(
  windows: RateLimiterLike,
  { seconds, message }: RateLimitOptions,
  onRefusal: () => void,
): RateLimiter {
  return {
    async take(key) {
      await windows.consume(digest(key)).catch((refusal: unknown) => {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        onRefusal()
        const wait = refusal.msBeforeNext > 0 ? Math.ceil(refusal.msBeforeNext / 1000) : seconds
        throw new RateLimitedError(`${message} Try again in ${wait} ${wait === 1 ? 'second' : 'seconds'}.`)
      })
    },
    async giveBack(key) {
      await windows.reward(digest(key))
    },
  }
}

/** Keys can be email addresses, which must not lie about in Redis, and of any length, which memory must not hold. */
function digest(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
