import { availableParallelism } from 'node:os'
import { hash, parseOptions, verify } from '@node-rs/argon2'
import { BoundedQueue } from './bounded-queue.ts'

/** The cost of one hash: argon2id as the OWASP Password Storage Cheat Sheet sets its least, some 30 ms of a core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** A salt and a digest of zeros, of the usual lengths: as much work to verify as any hash, and no password's. */
const DECOY = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`

/** More at once gains nothing over the cores there are; as many again keep them busy between two hashes. */
const AT_ONCE = 2 * availableParallelism()
/** At some 30 ms of a core for each, the last in the queue waits for a second or two. */
const WAITING = 64

/** Hashes and verifies passwords, a bounded number at a time: a flood of sign-ins must not take the whole process. */
export class PasswordHasher {
  readonly #queue: BoundedQueue

  constructor(limits: { atOnce?: number; waiting?: number } = {}) {
    this.#queue = new BoundedQueue({ atOnce: limits.atOnce ?? AT_ONCE, waiting: limits.waiting ?? WAITING })
  }

  /**
   * A PHC string with a salt of its own.
   *
   * @throws RateLimitedError while the queue is full.
   */
  hash(password: string): Promise<string> {
    return this.#queue.run(() => hash(password, COST))
  }

  /**
   * Whether the password is the hashed one. Without a hash it is not, and finding that out takes as long.
   *
   * @throws RateLimitedError while the queue is full.
   */
  async verify(hashed: string | undefined, password: string | undefined): Promise<boolean> {
    const matches = await this.#queue.run(() => verify(hashed ?? DECOY, password ?? ''))
    return matches && hashed !== undefined && password !== undefined
  }

  /** Whether a hash was made at a lower cost than new ones are. */
  isOutdated(hashed: string): boolean {
    const { memoryCost, timeCost } = parseOptions(hashed)
    return memoryCost < COST.memoryCost || timeCost < COST.timeCost
  }
}
