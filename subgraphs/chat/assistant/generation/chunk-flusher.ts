import { setTimeout as delay } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/postgresql'
import { coalesced } from '../../../../platform/coalesced.ts'
import { outsideTraces } from '../../../../platform/tracing/spans.ts'
import { type Addition, type AppendedChunk, appendChunks } from './append-chunks.ts'
import { LeaseLostError } from './generation-lease.ts'

export interface LeaseTimes {
  /** How long a worker that is lost keeps a reply, in milliseconds. */
  readonly leaseMs: number
  /** How often a worker says that it is alive while the model says nothing, and so learns that the reply was ended. */
  readonly heartbeatMs: number
  /** After so long without a renewal the worker stops by itself, before another one may begin. */
  readonly giveUpMs: number
}

export const LEASE_TIMES: LeaseTimes = { leaseMs: 10_000, heartbeatMs: 1_000, giveUpMs: 7_000 }

/** A reply that this process writes. */
export interface FlushedReply {
  /** The generation's UUID. */
  readonly id: string
  /** What is to be written now; the same until it is settled. With an empty text there is nothing but the lease. */
  next(now: number): Addition
  /** @param startedAt when the statement began, on the clock of `performance.now()`. */
  settle(appended: AppendedChunk, startedAt: number): void
  /** Gives the reply up. */
  lose(error: unknown): void
  /** When the statement began that renewed its lease, on the clock of `performance.now()`. */
  renewedAt(): number
  /** Whether there is text that is not written. */
  hasText(): boolean
}

/** Between two statements, so that one writes what has come in all replies meanwhile. */
const BEAT_MS = 20
/**
 * Between two pieces of one reply: with the beat, text waits for 50 ms or a little more at most. Less than the pause of a model
 * that says twenty pieces a second, so that what has once come late does not stay behind.
 */
export const COALESCE_MS = 30
/** Between two tries to write to a database that is away. */
const RETRY_MS = 250
/** SQLSTATE of data that Postgres does not take: trying again does not help. */
const BAD_DATA = /^2[23]/

/**
 * Writes the text of all replies of a process, and keeps their leases, with one statement at a time: it costs the database
 * little more than one reply's would. Text is committed before anybody is told of it.
 */
export class ChunkFlusher implements AsyncDisposable {
  readonly #fork: () => EntityManager
  readonly #times: LeaseTimes
  readonly #onFlush: (ms: number) => void
  /** By their generations. */
  readonly #replies = new Map<string, FlushedReply>()
  readonly #heartbeat: NodeJS.Timeout
  readonly #run = coalesced(() => outsideTraces(() => this.#writeAll()))
  #waiting: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #lastAt = Number.NEGATIVE_INFINITY
  #isRenewing = false
  #hasFailed = false
  #isStopped = false

  /**
   * @param options.fork a new entity manager for each statement.
   * @param options.onFlush is told how long each took, in milliseconds.
   */
  constructor(options: {
    fork: () => EntityManager
    times?: LeaseTimes | undefined
    onFlush?: ((ms: number) => void) | undefined
  }) {
    this.#fork = options.fork
    this.#times = options.times ?? LEASE_TIMES
    this.#onFlush = options.onFlush ?? (() => undefined)
    this.#heartbeat = setInterval(() => this.#beat(), this.#times.heartbeatMs)
  }

  /** Begins no further statement by itself, and waits for the one under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#heartbeat)
    clearTimeout(this.#waiting)
    await this.#running
  }

  /** A reply that this process has taken over from itself, such as after a long pause, is lost to its former writer. */
  add(reply: FlushedReply): void {
    this.#replies.get(reply.id)?.lose(new LeaseLostError())
    this.#replies.set(reply.id, reply)
  }

  /** Resolves when no statement is under way that speaks of this reply; none will be. */
  async remove(reply: FlushedReply): Promise<void> {
    if (this.#replies.get(reply.id) === reply) this.#replies.delete(reply.id)
    await this.#running
  }

  /** Writes what there is with all that gathers until 20 ms have passed since the last time. */
  soon(): void {
    if (this.#isStopped || this.#waiting) return
    const leftMs = Math.max(0, this.#lastAt + BEAT_MS - performance.now())
    this.#waiting = setTimeout(() => void this.flush(), leftMs)
  }

  /** Writes what there is. Resolves when that was tried, by a statement that began after this call. Never rejects. */
  flush(): Promise<void> {
    return this.#run()
  }

  #beat(): void {
    const now = performance.now()
    for (const reply of this.#replies.values()) {
      if (now - reply.renewedAt() >= this.#times.giveUpMs) reply.lose(new LeaseLostError())
    }
    this.#isRenewing = true
    if (this.#replies.size > 0) void this.flush()
  }

  async #writeAll(): Promise<void> {
    this.#running = this.#write()
    await this.#running
    this.#running = undefined
    if (this.#replies.values().some((reply) => reply.hasText())) this.soon()
  }

  async #write(): Promise<void> {
    if (this.#hasFailed) await delay(RETRY_MS)
    clearTimeout(this.#waiting)
    this.#waiting = undefined
    const now = performance.now()
    const isRenewing = this.#isRenewing
    const due = [...this.#replies.values()]
      .map((reply) => ({ reply, addition: reply.next(now) }))
      .filter(({ addition }) => isRenewing || addition.text !== '')
    this.#lastAt = now
    if (due.length === 0) return
    this.#isRenewing = false
    this.#hasFailed = !(await this.#append(due, now))
  }

  /** Whether it could be tried. */
  async #append(due: readonly { reply: FlushedReply; addition: Addition }[], startedAt: number): Promise<boolean> {
    const additions = due.map(({ addition }) => addition)
    try {
      const appended = await this.#measured(() => appendChunks(this.#fork(), additions, this.#times.leaseMs))
      for (const [index, { reply }] of due.entries()) reply.settle(appended[index] ?? { verdict: 'busy' }, startedAt)
      return true
    } catch (error) {
      const [only] = due
      if (!isBadData(error) || !only) return false
      if (due.length === 1) only.reply.lose(error)
      // One reply's text must not cost all the others.
      else for (const each of due) await this.#append([each], startedAt)
      return true
    }
  }

  async #measured<Result>(statement: () => Promise<Result>): Promise<Result> {
    const beganAt = performance.now()
    try {
      return await statement()
    } finally {
      this.#onFlush(performance.now() - beganAt)
    }
  }
}

function isBadData(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BAD_DATA.test(String(error.code))
}
