import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import type { UpstreamEvent } from '../upstream/upstream-event.ts'
import type { FeedConsumer, UpstreamFeed } from '../upstream/upstream-feed.ts'
import { EventQueue, type QueueBounds } from './event-queue.ts'
import type { LagBudget } from './lag-budget.ts'

/** Where a stream's events come from, as far as the stream decides about it. */
export type StreamFeed = Pick<UpstreamFeed, 'start' | 'pause' | 'rewind' | 'resume' | 'move' | 'stop' | 'isPaused'>

/** What a stream is made of. */
export interface StreamParts {
  /** The name of the one that its events come from. */
  readonly subgraph: string
  /** Whether every event counts, or only what was said last. */
  readonly isLatestEnough: boolean
  readonly bounds: QueueBounds
  readonly budget: LagBudget
  feed(consumer: FeedConsumer): StreamFeed
  /** Completes one event; a rejection ends the stream. The signal aborts when nobody waits for it any more. */
  complete(event: UpstreamEvent, signal: AbortSignal): Promise<string>
  /** The result that tells the subscriber of errors. */
  failed(errors: readonly Error[]): string
  /** Called once, when the stream has given its last result or was left. */
  onEnd(): void
}

type Give = (result: IteratorResult<string, undefined>) => void

const DONE: IteratorResult<string, undefined> = { done: true, value: undefined }

/**
 * One client's subscription: its results as JSON, in the order of their events, one after the other, then at most one
 * last result that says why it ended. A client that is slower than its events makes the feed pause, and go on from where
 * it stopped when there is room again; a feed that cannot ends the stream. Written by hand, because an async generator
 * holds back `return()` while it waits for an event, and so would keep everything upstream alive after its client has
 * gone.
 */
export class SubscriptionStream implements AsyncIterableIterator<string, undefined>, FeedConsumer {
  /** The name of the one that its events come from. */
  readonly subgraph: string
  readonly #parts: StreamParts
  readonly #queue: EventQueue<UpstreamEvent>
  readonly #abandoned = new AbortController()
  readonly #feed: StreamFeed
  /** The position of the last event that left the queue, as far as events have one. */
  #taken: unknown
  #lastResult: string | undefined
  #hasSaidWhy = false
  #finished = false
  #ended = false
  /** Settles the `next()` that is being waited for. */
  #pending: Give | undefined

  constructor(parts: StreamParts) {
    this.subgraph = parts.subgraph
    this.#parts = parts
    const { bounds, budget } = parts
    this.#queue = new EventQueue(bounds, { budget, onEvicted: () => this.#evicted() })
    this.#feed = parts.feed(this)
    this.#feed.start()
  }

  /** An event from upstream. @returns whether there was room for it. */
  push(event: UpstreamEvent): boolean {
    if (this.#finished) return false
    if (this.#queue.push(event, event.text.length)) return true
    const hasPaused = this.#parts.isLatestEnough ? this.#rewind() : this.#feed.pause()
    if (!hasPaused) this.finish([this.#tooSlow()])
    return false
  }

  /** Nothing more comes from upstream: what waits is still given, then the errors, if there are any. */
  finish(errors?: readonly Error[]): void {
    if (this.#finished) return
    this.#finished = true
    if (errors) this.#lastResult = this.#parts.failed(errors)
    this.#feed.stop()
    this.#queue.close()
  }

  /**
   * Its subgraph is somewhere else now: its events come from there.
   *
   * @param withinMs in which it goes over.
   * @returns false when that would lose some of them; then nothing happens.
   */
  move(withinMs: number): boolean {
    return this.#finished || this.#feed.move(withinMs)
  }

  /** Ends at once: what waits is dropped, the error takes its place. */
  terminate(error: Error): void {
    if (this.#ended || this.#hasSaidWhy) return
    this.#drop()
    this.#lastResult = this.#parts.failed([error])
    this.#queue.close()
    if (this.#pending) this.#give(this.#last())
  }

  /** Rejects while another one is waited for: events are given one after the other. */
  next(): Promise<IteratorResult<string, undefined>> {
    if (this.#ended) return Promise.resolve(DONE)
    if (this.#pending) return Promise.reject(new Error('The stream is being read already.'))
    const { promise, resolve } = Promise.withResolvers<IteratorResult<string, undefined>>()
    this.#pending = resolve
    this.#queue.take((event) => void this.#produce(event, resolve))
    if (this.#feed.isPaused && this.#queue.isDrained) this.#feed.resume()
    return promise
  }

  return(): Promise<IteratorResult<string, undefined>> {
    this.#drop()
    this.#queue.close()
    this.#end()
    this.#give(DONE)
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #produce(event: UpstreamEvent | undefined, pending: Give): Promise<void> {
    if (this.#pending !== pending) return
    if (!event) return this.#give(this.#last())
    this.#taken = event.position ?? this.#taken
    try {
      const value = await this.#parts.complete(event, this.#abandoned.signal)
      if (this.#pending === pending) this.#give({ done: false, value })
    } catch (error) {
      // Nobody waits for this promise: a rejection would end the process.
      if (this.#pending === pending) this.terminate(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #give(result: IteratorResult<string, undefined>): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.(result)
  }

  #last(): IteratorResult<string, undefined> {
    const value = this.#lastResult
    this.#lastResult = undefined
    if (value !== undefined) {
      this.#hasSaidWhy = true
      return { done: false, value }
    }
    this.#end()
    return DONE
  }

  #evicted(): void {
    if (this.#finished || !this.#rewind()) this.terminate(this.#tooSlow())
  }

  /** Forgets what waits: the feed tells it again. @returns false when it cannot. */
  #rewind(): boolean {
    if (!this.#feed.rewind(this.#taken)) return false
    this.#queue.clear()
    return true
  }

  #tooSlow(): LimitExceededError {
    const { maxEvents, maxCharacters } = this.#parts.bounds
    const message = `This subscription fell behind by more than ${maxEvents} events or ${maxCharacters} characters`
    return new LimitExceededError('subscription_lag', `${message}; read faster and subscribe again.`)
  }

  #drop(): void {
    if (!this.#finished) this.#feed.stop()
    this.#finished = true
    this.#queue.clear()
    this.#abandoned.abort()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#parts.onEnd()
  }
}
