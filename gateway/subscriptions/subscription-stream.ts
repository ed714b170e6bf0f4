import type { FormattedExecutionResult } from 'graphql'
import { ApplicationError } from '../../platform/errors.ts'
import { EventQueue, type QueueBounds } from './event-queue.ts'
import type { LagBudget } from './lag-budget.ts'

type Result = FormattedExecutionResult

/** What a stream is made of. */
export interface StreamParts {
  /** The name of the one that its events come from. */
  readonly subgraph: string
  readonly bounds: QueueBounds
  readonly budget: LagBudget
  /** Subscribes upstream; returns what unsubscribes. */
  open(stream: SubscriptionStream): () => void
  /** Completes one event; never rejects. The signal aborts when nobody waits for it any more. */
  execute(event: Result, signal: AbortSignal): Promise<Result>
  /** The result that tells the subscriber of an error. */
  failed(error: Error): Result
  /** Called once, when the stream has given its last result or was left. */
  onEnd(): void
}

type Give = (result: IteratorResult<Result, undefined>) => void

const DONE: IteratorResult<Result, undefined> = { done: true, value: undefined }

/**
 * One client's subscription: its events in order, one after the other, then at most one last result that says why it
 * ended. Written by hand, because an async generator holds back `return()` while it waits for an event, and so would
 * keep everything upstream alive after its client has gone.
 */
export class SubscriptionStream implements AsyncIterableIterator<Result, undefined> {
  /** The name of the one that its events come from. */
  readonly subgraph: string
  readonly #parts: StreamParts
  readonly #queue: EventQueue<Result>
  readonly #abandoned = new AbortController()
  readonly #unsubscribe: () => void
  #lastResult: Result | undefined
  #finished = false
  #ended = false
  /** Settles the `next()` that is being waited for. */
  #pending: Give | undefined

  constructor(parts: StreamParts) {
    this.subgraph = parts.subgraph
    this.#parts = parts
    const { bounds, budget } = parts
    this.#queue = new EventQueue(bounds, { budget, onEvicted: () => this.terminate(this.#tooSlow()) })
    this.#unsubscribe = parts.open(this)
  }

  /** An event from upstream. */
  push(event: Result): void {
    if (!this.#finished && !this.#queue.push(event)) this.finish(this.#parts.failed(this.#tooSlow()))
  }

  /** Nothing more comes from upstream: what waits is still given, then the last result, if there is one. */
  finish(lastResult?: Result): void {
    if (this.#finished) return
    this.#finished = true
    this.#lastResult = lastResult
    this.#unsubscribe()
    this.#queue.close()
  }

  /** Ends at once: what waits is dropped, the error takes its place. */
  terminate(error: Error): void {
    if (this.#ended) return
    this.#drop()
    this.#lastResult = this.#parts.failed(error)
    if (this.#pending) this.#give(this.#last())
  }

  next(): Promise<IteratorResult<Result, undefined>> {
    if (this.#ended) return Promise.resolve(DONE)
    const { promise, resolve } = Promise.withResolvers<IteratorResult<Result, undefined>>()
    this.#pending = resolve
    void this.#produce(resolve)
    return promise
  }

  return(): Promise<IteratorResult<Result, undefined>> {
    this.#drop()
    this.#end()
    this.#give(DONE)
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #produce(pending: Give): Promise<void> {
    const event = await this.#queue.take()
    if (this.#pending !== pending) return
    const result = event
      ? { done: false as const, value: await this.#parts.execute(event, this.#abandoned.signal) }
      : this.#last()
    if (this.#pending === pending) this.#give(result)
  }

  #give(result: IteratorResult<Result, undefined>): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.(result)
  }

  #last(): IteratorResult<Result, undefined> {
    const value = this.#lastResult
    this.#lastResult = undefined
    if (value) return { done: false, value }
    this.#end()
    return DONE
  }

  #tooSlow(): ApplicationError {
    const { maxEvents, maxCharacters } = this.#parts.bounds
    const message = `This subscription fell behind by more than ${maxEvents} events or ${maxCharacters} characters`
    return new ApplicationError('OPERATION_TOO_EXPENSIVE', `${message}; read faster and subscribe again.`)
  }

  #drop(): void {
    this.#queue.clear()
    this.finish()
    this.#abandoned.abort()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#parts.onEnd()
  }
}
