import type { Client } from '../identity/client.ts'
import { retryLater } from './close-codes.ts'

/** How many sockets there may be. */
export interface SocketLimits {
  /** Of this process, those that are being closed included. */
  readonly sockets: number
  /** New ones of this process, on average; ten seconds' worth of them may come at once. */
  readonly perSecond: number
  /** Of one user, or of one address that is not signed in. */
  readonly perUser: number
}

/** How an upgrade is refused (RFC 9110 §15). */
export interface Refusal {
  readonly status: string
  readonly retryAfterSeconds?: number
}

/** So many seconds' worth of new sockets may come at once. */
const BURST_SECONDS = 10

/** How long somebody is asked to stay away at most, however many were refused before. */
const LONGEST_WAIT_SECONDS = 60

/** A client whose own sockets are too many, or who comes to a full process, waits so long, and up to as long again. */
const WAIT_SECONDS = 5

/**
 * Lets sockets in, and tells whom it does not when to come back: after a failure everybody comes at once, and whoever is
 * refused with no hint comes again at once. Memory is bounded by the sockets that are open.
 */
export class SocketAdmission {
  readonly #limits: SocketLimits
  readonly #now: () => number
  readonly #openByOwner = new Map<string, number>()
  #tokens: number
  /** How many were refused for coming too fast, less those who may have come back since. */
  #queued = 0
  #filledAt: number

  /** @param now in milliseconds, of a clock that never goes back. */
  constructor(limits: SocketLimits, now = () => performance.now()) {
    this.#limits = limits
    this.#now = now
    this.#tokens = limits.perSecond * BURST_SECONDS
    this.#filledAt = now()
  }

  /** Those that have at least one socket. */
  get owners(): number {
    return this.#openByOwner.size
  }

  /**
   * Refuses an upgrade, or counts it as a new socket.
   *
   * @param open how many sockets the process has.
   */
  refuse(open: number): Refusal | undefined {
    this.#refill()
    if (open >= this.#limits.sockets) {
      return { status: '503 Service Unavailable', retryAfterSeconds: spread(WAIT_SECONDS) }
    }
    if (this.#tokens < 1) {
      this.#queued += 1
      // As in a queue, so that those who are refused together do not come back together.
      const wait = Math.ceil(this.#queued / this.#limits.perSecond)
      const retryAfterSeconds = wait < LONGEST_WAIT_SECONDS ? wait : spread(LONGEST_WAIT_SECONDS / 2)
      return { status: '429 Too Many Requests', retryAfterSeconds }
    }
    this.#tokens -= 1
    return undefined
  }

  /**
   * Counts an identified client's socket among those of the same owner.
   *
   * @returns what to call, once, when it is closed; or, when there are too many, the reason to close it with.
   */
  enter(client: Client): (() => void) | string {
    const owner = client.viewer ? `user ${client.viewer.userId}` : `address ${client.address}`
    const open = this.#openByOwner.get(owner) ?? 0
    if (open >= this.#limits.perUser) return retryLater('TOO_MANY_SOCKETS', spread(WAIT_SECONDS) * 1_000)
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
