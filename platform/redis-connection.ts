import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from './logging.ts'

/** Whoever waits for Redis waits no longer than this, in milliseconds. */
const PATIENCE_MS = 250
/** A server that accepts connections and says nothing is left after so long. */
const SILENCE_MS = 2_000
const LONGEST_BACKOFF_MS = 5_000

/** Nothing is queued or sent again: who asked has long been answered without Redis. */
const OPTIONS = {
  connectTimeout: PATIENCE_MS,
  commandTimeout: PATIENCE_MS,
  disconnectTimeout: PATIENCE_MS,
  socketTimeout: SILENCE_MS,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, LONGEST_BACKOFF_MS) * (0.8 + 0.4 * Math.random()),
} satisfies RedisOptions

/** A connection that is looked for again and again while it is lost. */
export interface RedisConnection extends AsyncDisposable {
  readonly client: Redis
}

/**
 * Begins to connect, and waits for nothing. One line tells that Redis went away, or refuses commands, and one that it
 * is back. The URL, which may hold a password, is never logged.
 */
export function connectToRedis(url: string, logger: Logger): RedisConnection {
  const news = new RedisNews(logger)
  const client = new Redis(url, { ...OPTIONS, reconnectOnError: (refusal) => news.refused(refusal) })
  const closed = () => news.away()
  client.on('error', (error: Error) => news.failed(error))
  client.on('close', closed)
  client.on('ready', () => news.back())
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.off('close', closed)
      client.disconnect()
    },
  }
}

/** Tells the log what changed, once. Of Redis's own messages, which may repeat what they were sent, only the code. */
class RedisNews {
  readonly #logger: Logger
  #isAway = false
  #hasRefused = false
  #lastError: Error | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  failed(error: Error): void {
    this.#lastError = error
  }

  away(): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#logger.warn({ reason: reasonOf(this.#lastError) }, 'Redis is away; until it is back there is no sharing.')
  }

  back(): void {
    if (this.#isAway) this.#logger.info('Redis is back.')
    this.#isAway = false
    this.#hasRefused = false
    this.#lastError = undefined
  }

  /** @returns whether to connect again, which does not help. */
  refused(refusal: Error): false {
    // Not a refusal: a script that Redis does not know yet is sent in full the next moment.
    if (this.#hasRefused || refusal.message.startsWith('NOSCRIPT')) return false
    this.#hasRefused = true
    this.#logger.warn({ reason: reasonOf(refusal) }, 'Redis refuses commands; until it accepts them nothing is shared.')
    return false
  }
}

/** The code of a network error, or the first word of Redis's refusal, such as WRONGPASS. */
function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  if (typeof error?.code === 'string') return error.code
  return error?.message.match(/^[A-Z]{3,}\b/)?.[0] ?? error?.name ?? 'the connection was closed'
}
