import { availableParallelism } from 'node:os'
import { hash, parseOptions, verify } from '@node-rs/argon2'
import type { Histogram } from 'prom-client'
import { createMetrics, histogram, type Metrics, observe } from '../../../platform/metrics.ts'
import { BoundedQueue } from './bounded-queue.ts'

/** The cost of one hash: argon2id as the OWASP Password Storage Cheat Sheet sets its least, some 30 ms of a core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** A salt and a digest of zeros, of the usual lengths: as much work to verify as any hash, and no password's. */
const DECOY = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** More at once gains nothing over the cores there are; as many again keep them busy between two hashes. */
const AT_ONCE = 2 * availableParallelism()
/** At some 30 ms of a core for each, the last in the queue waits for a second or two. */
const WAITING = 64

/** In seconds, around what one hash takes on a core of its own. */
const BUCKETS = [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2]

/** Hashes and verifies passwords, a bounded number at a time: a flood of sign-ins must not take the whole process. */
export class PasswordHasher {
  readonly #queue: BoundedQueue
  readonly #durations: Histogram

  /** @param options.metrics are told of the queue, and how long hashing takes. */
  constructor(options: { atOnce?: number; waiting?: number; metrics?: Metrics } = {}) {
    const { metrics = createMetrics() } = options
    this.#queue = new BoundedQueue({ atOnce: options.atOnce ?? AT_ONCE, waiting: options.waiting ?? WAITING })
    observe(metrics, {
      name: 'parley_auth_password_hashes_waiting',
      help: `Passwords that wait to be hashed or verified; at ${options.waiting ?? WAITING} further ones are refused.`,
      read: () => this.#queue.waiting,
    })
    this.#durations = histogram(metrics, {
      name: 'parley_auth_password_hash_duration_seconds',
      help: 'How long hashing or verifying one password took, without its wait in the queue.',
      buckets: BUCKETS,
    })
  }

  /**
   * A PHC string with a salt of its own.
   *
   * @throws RateLimitedError while the queue is full.
   */
  hash(password: string): Promise<string> {
    return this.#run(() => hash(password, COST))
  }

  /**
   * Whether the password is the hashed one. Without a hash it is not, and finding that out takes as long.
   *
   * @throws RateLimitedError while the queue is full.
   */
  async verify(hashed: string | undefined, password: string | undefined): Promise<boolean> {
    const matches = await this.#run(() => verify(hashed ?? DECOY, password ?? ''))
    return matches && hashed !== undefined && password !== undefined
  }

  /** Whether a hash was made at a lower cost than new ones are. */
  isOutdated(hashed: string): boolean {
    const { memoryCost, timeCost } = parseOptions(hashed)
    return memoryCost < COST.memoryCost || timeCost < COST.timeCost
  }

  #run<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      const beganAt = performance.now()
      const result = await work()
      this.#durations.observe((performance.now() - beganAt) / 1_000)
      return result
    })
  }
}
