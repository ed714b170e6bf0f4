import type { Redis } from 'ioredis'
import { type RateLimiterLike, RateLimiterRedis } from 'rate-limiter-flexible'

/**
 * Takes or gives back points in one step. The package's own script counts refused takes as well, and lets a key whose
 * window is over have more than all its points; this one does neither.
 *
 * ARGV: the points taken (negative: given back), the window in seconds, the most points.
 */
const COUNT = `
local taken = tonumber(redis.call('get', KEYS[1]) or '0')
local change = tonumber(ARGV[1])
if change > 0 then
  if taken + change > tonumber(ARGV[3]) then
    return {taken + change, redis.call('pttl', KEYS[1])}
  end
  redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
end
if change > 0 or taken > 0 then
  taken = redis.call('incrby', KEYS[1], change)
end
return {taken, redis.call('pttl', KEYS[1])}`

/** Counts in Redis for all processes, and in `own` whenever Redis does not answer. */
export function shareWindows(
  client: Redis,
  limit: { name: string; points: number; seconds: number },
  own: RateLimiterLike,
): RateLimiterLike {
  return new RateLimiterRedis({
    storeClient: client,
    keyPrefix: `parley:rate-limit:${limit.name}`,
    points: limit.points,
    duration: limit.seconds,
    customIncrTtlLuaScript: COUNT,
    rejectIfRedisNotReady: true,
    insuranceLimiter: own,
  })
}
