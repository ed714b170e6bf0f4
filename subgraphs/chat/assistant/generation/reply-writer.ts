import { setTimeout as delay } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/postgresql'
import { appendText, type Claim, LeaseLostError, renewLease } from './generation-lease.ts'

export interface LeaseTimes {
  /** How long a silent worker keeps a reply. */
  readonly leaseMs: number
  /** How often a worker says that it is alive while the model says nothing. */
  readonly heartbeatMs: number
  /** After so long without a renewal the worker stops by itself, before another one may begin. */
  readonly giveUpMs: number
}

export const LEASE_TIMES: LeaseTimes = { leaseMs: 10_000, heartbeatMs: 3_000, giveUpMs: 7_000 }

const COALESCE_MS = 50
/** More unwritten text than this stops the model until it is written. */
const MOST_PENDING = 16_384
/** Between two tries to write to a database that is away. */
const RETRY_MS = 250
const ENDS_IN_HALF_A_PAIR = /[\uD800-\uDBFF]$/

/**
 * Writes a growing reply to the database: the first piece at once, then what has gathered every 50 ms, never half a
 * surrogate pair. Text is committed before `onWritten` tells anybody of it. It holds the lease meanwhile, and aborts
 * `signal` when it can no longer be sure of it.
 */
export class ReplyWriter {
  readonly #fork: () => EntityManager
  readonly #claim: Claim
  readonly #times: LeaseTimes
  readonly #onWritten: () => void
  readonly #lost = new AbortController()
  readonly #draining = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #renewedAt = performance.now()
  #pending = ''
  #isWriting = false
  #writing = Promise.resolve()
  #length = 0

  constructor(options: { fork: () => EntityManager; claim: Claim; times: LeaseTimes; onWritten: () => void }) {
    this.#fork = options.fork
    this.#claim = options.claim
    this.#times = options.times
    this.#onWritten = options.onWritten
    this.#heartbeat = setInterval(() => void this.#beat(), options.times.heartbeatMs)
  }

  /** Aborts when the lease is lost; its reason is the error. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** How many UTF-16 code units have been written. */
  get length(): number {
    return this.#length
  }

  /** Takes a piece; waits only while too much is unwritten. */
  async write(text: string): Promise<void> {
    // Postgres has no NUL in texts.
    this.#pending += text.replaceAll('\0', '\uFFFD')
    if (!this.#isWriting) this.#writing = this.#writePending()
    if (this.#pending.length > MOST_PENDING) await this.#writing
    this.signal.throwIfAborted()
  }

  /** Writes what is left and lets go of the timers. The lease stays until it runs out or the reply ends. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat)
    this.#draining.abort()
    await this.#writing
    if (this.#pending !== '' && !this.signal.aborted) {
      this.#pending = this.#pending.toWellFormed()
      await this.#writePending()
    }
    this.signal.throwIfAborted()
  }

  async #writePending(): Promise<void> {
    this.#isWriting = true
    try {
      for (let text = this.#take(); text !== ''; text = this.#take()) {
        await this.#append(text)
        this.#onWritten()
        await delay(COALESCE_MS, undefined, { signal: this.#draining.signal }).catch(() => undefined)
      }
    } catch (error) {
      this.#lost.abort(error)
    } finally {
      this.#isWriting = false
    }
  }

  /** Tries again while the lease is surely held: a connection that breaks must not cost the whole reply. */
  async #append(text: string): Promise<void> {
    const addition = { offset: this.#length, text }
    for (;;) {
      const startedAt = performance.now()
      try {
        await appendText(this.#fork(), this.#claim, addition, this.#times.leaseMs)
        this.#renewedAt = startedAt
        this.#length += text.length
        return
      } catch (error) {
        if (error instanceof LeaseLostError || this.#isLeaseDoubtful()) throw error
        await delay(RETRY_MS)
      }
    }
  }

  #isLeaseDoubtful(): boolean {
    return performance.now() - this.#renewedAt >= this.#times.giveUpMs
  }

  #take(): string {
    const end = ENDS_IN_HALF_A_PAIR.test(this.#pending) ? -1 : undefined
    const text = this.#pending.slice(0, end)
    this.#pending = this.#pending.slice(text.length)
    return text
  }

  async #beat(): Promise<void> {
    const startedAt = performance.now()
    if (this.#isLeaseDoubtful()) this.#lost.abort(new LeaseLostError())
    if (startedAt - this.#renewedAt < this.#times.heartbeatMs || this.signal.aborted) return
    try {
      await renewLease(this.#fork(), this.#claim, this.#times.leaseMs)
      this.#renewedAt = startedAt
    } catch (error) {
      if (error instanceof LeaseLostError) this.#lost.abort(error)
      // Anything else may pass; giveUpMs decides.
    }
  }
}
