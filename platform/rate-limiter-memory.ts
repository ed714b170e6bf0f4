import { RateLimiterCompatibleAbstract, RateLimiterRes } from 'rate-limiter-flexible'

/** Some 10 MB when full. */
const MOST_KEYS = 50_000

interface Window {
  taken: number
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly endsAt: number
}

/**
 * Counts in this process, in a window of fixed length for each key.
 *
 * The package's own memory store holds every key, with a timer each, until its window ends: as many as somebody who
 * rotates addresses can make in that time. This one holds at most `mostKeys` and then forgets the older half of them.
 * Nobody is locked out by that, and to win one key's points back before their time takes half as many other keys.
 */
export class MemoryWindows extends RateLimiterCompatibleAbstract {
  override readonly keyPrefix = ''
  override blockDuration = 0
  override execEvenly = false
  readonly #points: number
  readonly #windowMs: number
  readonly #mostNewer: number
  #newer = new Map<string, Window>()
  #newerSince = performance.now()
  /** Opened before all of the newer ones; forgotten all at once, when they are over or there is no more room. */
  #older = new Map<string, Window>()

  constructor(options: { points: number; seconds: number; mostKeys?: number }) {
    super()
    this.#points = options.points
    this.#windowMs = options.seconds * 1000
    this.#mostNewer = (options.mostKeys ?? MOST_KEYS) / 2
  }

  /** How many keys are held, those included whose window is over. */
  get size(): number {
    return this.#newer.size + this.#older.size
  }

  override async consume(key: string): Promise<RateLimiterRes> {
    const now = performance.now()
    const window = this.#find(key, now) ?? this.#open(key, now)
    if (window.taken >= this.#points) throw this.#resultOf(window, now)
    window.taken += 1
    return this.#resultOf(window, now)
  }

  /** When the window in which the point was taken is over, the one that is open, if any, has a point more. */
  override async reward(key: string): Promise<RateLimiterRes> {
    const now = performance.now()
    const window = this.#find(key, now)
    if (!window) return new RateLimiterRes(this.#points, 0, 0)
    if (window.taken > 0) window.taken -= 1
    return this.#resultOf(window, now)
  }

  #find(key: string, now: number): Window | undefined {
    const window = this.#newer.get(key) ?? this.#older.get(key)
    return window && window.endsAt > now ? window : undefined
  }

  #open(key: string, now: number): Window {
    if (this.#newer.size >= this.#mostNewer || now >= this.#newerSince + this.#windowMs) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#newerSince = now
    }
    const window = { taken: 0, endsAt: now + this.#windowMs }
    this.#newer.set(key, window)
    return window
  }

  #resultOf({ taken, endsAt }: Window, now: number): RateLimiterRes {
    return new RateLimiterRes(this.#points - taken, endsAt - now, taken)
  }
}
