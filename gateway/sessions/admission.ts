import { addressKey } from '../../platform/address-key.ts'
import type { Client } from '../identity/client.ts'
import type { RefusalReason } from '../protection/refusals.ts'

/** How many connections there may be: client sockets, and operations that are answered as a stream over HTTP. */
export interface ConnectionLimits {
  /** Of this process, those that are being closed included. */
  readonly connections: number
  /** New ones of this process, on average; ten seconds' worth of them may come at once. */
  readonly perSecond: number
  /** Of one user, or of one address that is not signed in: of IPv6, of one /64. */
  readonly perUser: number
}

/** How the request for a connection is refused. */
export interface Refusal {
  /** RFC 9110 §15. */
  readonly status: number
  readonly retryAfterSeconds?: number
}

/** So many seconds' worth of new connections may come at once. */
const BURST_SECONDS = 10

/** How long somebody is asked to stay away at most, however many were refused before. */
const LONGEST_WAIT_SECONDS = 60

/** A client whose own connections are too many, or who comes to a full process, waits so long, and up to as long again. */
const WAIT_SECONDS = 5

/**
 * Lets connections of every transport in, and tells whom it does not when to come back: after a failure everybody comes at
 * once, and whoever is refused with no hint comes again at once. Memory is bounded by the connections that are open.
 */
export class Admission {
  readonly #limits: ConnectionLimits
  readonly #now: () => number
  readonly #refused: (reason: RefusalReason) => void
  readonly #openByOwner = new Map<string, number>()
  #open = 0
  #tokens: number
  /** How many were refused for coming too fast, less those who may have come back since. */
  #queued = 0
  #filledAt: number

  /**
   * @param now in milliseconds, of a clock that never goes back.
   * @param refused called with the limit by which somebody is refused.
   */
  constructor(
    limits: ConnectionLimits,
    now = () => performance.now(),
    refused: (reason: RefusalReason) => void = () => {},
  ) {
    this.#limits = limits
    this.#now = now
    this.#refused = refused
    this.#tokens = limits.perSecond * BURST_SECONDS
    this.#filledAt = now()
  }

  /** Those that have at least one connection. */
  get owners(): number {
    return this.#openByOwner.size
  }

  /** Refuses a new connection, or takes it off what may come; whoever is let in says so with {@link opened}. */
  refuse(): Refusal | undefined {
    this.#refill()
    if (this.#open >= this.#limits.connections) {
      this.#refused('sockets')
      return { status: 503, retryAfterSeconds: spread(WAIT_SECONDS) }
    }
    if (this.#tokens < 1) {
      this.#refused('connection_rate')
      this.#queued += 1
      // As in a queue, so that those who are refused together do not come back together.
      const wait = Math.ceil(this.#queued / this.#limits.perSecond)
      const retryAfterSeconds = wait < LONGEST_WAIT_SECONDS ? wait : spread(LONGEST_WAIT_SECONDS / 2)
      return { status: 429, retryAfterSeconds }
    }
    this.#tokens -= 1
    return undefined
  }

  /** A connection has begun. */
  opened(): void {
    this.#open += 1
  }

  /** A connection that had begun is over. */
  closed(): void {
    this.#open -= 1
  }

  /**
   * Counts an identified client's connection among those of the same owner.
   *
   * @returns what to call, once, when it is over; or, when there are too many, how to refuse it.
   */
  enter(client: Client): (() => void) | Required<Refusal> {
    const owner = client.viewer ? `user ${client.viewer.userId}` : `address ${addressKey(client.address)}`
    const open = this.#openByOwner.get(owner) ?? 0
    if (open >= this.#limits.perUser) {
      this.#refused('sockets_per_user')
      return { status: 429, retryAfterSeconds: spread(WAIT_SECONDS) }
    }
    this.#openByOwner.set(owner, open + 1)
    return () => this.#leave(owner)
  }

  #leave(owner: string): void {
    const left = (this.#openByOwner.get(owner) ?? 0) - 1
    if (left > 0) this.#openByOwner.set(owner, left)
    else this.#openByOwner.delete(owner)
  }

  #refill(): void {
    const now = this.#now()
    const fresh = ((now - this.#filledAt) / 1_000) * this.#limits.perSecond
    this.#filledAt = now
    this.#tokens = Math.min(this.#tokens + fresh, this.#limits.perSecond * BURST_SECONDS)
    this.#queued = Math.max(this.#queued - fresh, 0)
  }
}

/** From so many up to twice as many. */
function spread(seconds: number): number {
  return Math.round(seconds * (1 + Math.random()))
}
