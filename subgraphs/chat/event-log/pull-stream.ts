import { setTimeout as delay } from 'node:timers/promises'
import { ApplicationError } from '../../../platform/errors.ts'

/** What one look at the source of a stream found. */
export interface Batch<Item> {
  readonly items: Item[]
  /** There is more to read at once; the next read comes without a ring. */
  readonly more?: boolean
  /** There will be nothing more. */
  readonly ended?: boolean
}

export interface PullStreamSource<Item> {
  /**
   * Reads what is new. Called when the stream was rung and all that was read before has been taken. After a failure that
   * may pass it is called again.
   */
  read(): Promise<Batch<Item>>
  /** Called once, when the stream ends for whatever reason. */
  close(): void
  /** The waits between tries of a read that fails; about half a minute in all when not given. */
  retryAfterMs?: readonly number[]
  /** What to say when so many milliseconds have passed since the last item. */
  idle?: { readonly afterMs: () => number; readonly item: () => Item }
}

/** A database that restarts is back by then. */
const RETRY_AFTER_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000]

/**
 * A stream that reads only when its consumer asks, so that a slow consumer costs no memory: between two reads it keeps
 * one bit, whether it was rung. It is an iterator written by hand, because an async generator holds back return()
 * until its next value and so leaks its source.
 */
export class PullStream<Item> implements AsyncIterableIterator<Item> {
  readonly #source: PullStreamSource<Item>
  #batch: Item[] = []
  #rung = true
  #state: 'open' | 'last batch' | 'closed' = 'open'
  #wake: (() => void) | undefined
  #failures = 0
  readonly #closed = Promise.withResolvers<void>()
  /** Rings that bring nothing do not end a silence, so it has an end of its own. */
  #silentUntil = 0

  constructor(source: PullStreamSource<Item>) {
    this.#source = source
    this.#beginSilence()
  }

  /** There may be something new to read. */
  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    while (this.#state !== 'closed') {
      const item = this.#batch.shift()
      if (item !== undefined) return this.#give(item)
      if (this.#state === 'last batch') this.#close()
      else if (this.#rung) await this.#read()
      else if (await this.#silence()) return this.#give(this.#idleItem())
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#close()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #give(item: Item): IteratorResult<Item, undefined> {
    this.#beginSilence()
    return { done: false, value: item }
  }

  #beginSilence(): void {
    this.#silentUntil = performance.now() + (this.#source.idle?.afterMs() ?? 0)
  }

  async #read(): Promise<void> {
    this.#rung = false
    try {
      const { items, more, ended } = await this.#source.read()
      this.#batch = items
      this.#rung ||= more === true
      if (ended && this.#state === 'open') this.#state = 'last batch'
      this.#failures = 0
    } catch (error) {
      const waitMs = (this.#source.retryAfterMs ?? RETRY_AFTER_MS)[this.#failures++]
      if (error instanceof ApplicationError || waitMs === undefined) {
        this.#close()
        throw error
      }
      this.#rung = true
      await Promise.race([this.#closed.promise, delay(waitMs * (0.5 + Math.random()), undefined, { ref: false })])
    }
  }

  /** Waits to be rung or closed; true when that took so long that something should be said meanwhile. */
  #silence(): Promise<boolean> {
    const leftMs = Math.max(0, this.#silentUntil - performance.now())
    return new Promise((resolve) => {
      const timer = this.#source.idle && setTimeout(() => this.#settle(() => resolve(true)), leftMs)
      this.#wake = () =>
        this.#settle(() => {
          clearTimeout(timer)
          resolve(false)
        })
    })
  }

  #settle(resolve: () => void): void {
    this.#wake = undefined
    resolve()
  }

  #idleItem(): Item {
    if (!this.#source.idle) throw new Error('A stream without an idle item never idles.')
    return this.#source.idle.item()
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#closed.resolve()
    this.#batch = []
    this.#source.close()
    this.#wake?.()
  }
}
