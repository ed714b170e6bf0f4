import { createSourceEventStream } from 'graphql'
import type { EventResults } from './event-results.ts'
import { type OpenStream, type OpenStreams, ServerRestartsError } from './open-streams.ts'
import type { Operation } from './operation.ts'
import type { SourceStream } from './source-stream.ts'

/** Why a stream ends. */
type Ending =
  | { readonly why: 'draining'; readonly reconnectWithinMs: number }
  | { readonly why: 'finished' }
  | { readonly why: 'failed'; readonly error: unknown }
  | { readonly why: 'disconnected' }
  | { readonly why: 'left' }

/** A later reason counts only when it is the stronger one. */
const STRENGTH: Record<Ending['why'], number> = { draining: 1, finished: 2, failed: 2, disconnected: 3, left: 4 }

/** The way to the client of one operation. Its methods resolve when the connection has taken it, or is gone: to false. */
export interface OperationChannel {
  /** Sends a result. */
  next(text: string): Promise<boolean>
  /** Sends that the operation has ended. */
  complete(): Promise<boolean>
}

interface StreamOptions {
  operation: Operation
  channel: OperationChannel
  results: EventResults
  streams: OpenStreams
}

type Source = Pick<SourceStream<unknown>, 'opensAt' | 'drainingEvent' | 'mayStill'> & AsyncIterable<unknown>

/**
 * GraphQL's subscribe (specification §6.2.3), with a new context for the source stream and for every event: a shared one
 * would keep one loader cache, and so stale data, for as long as the stream lives. To graphql-ws it is an iterator
 * without values: it sends its results itself, the next when the client's connection has taken the last. Written by
 * hand, because an async generator would hold back return() until the next event, and leak the source.
 */
export class OperationStream implements AsyncIterableIterator<never>, OpenStream {
  readonly #operation: Operation
  readonly #channel: OperationChannel
  readonly #results: EventResults
  readonly #streams: OpenStreams
  #source: Source | undefined
  #events: AsyncIterator<unknown> | undefined
  #onEnd: (() => void) | undefined
  #ending: Ending | undefined
  #interrupt: (() => void) | undefined

  constructor({ operation, channel, results, streams }: StreamOptions) {
    this.#operation = operation
    this.#channel = channel
    this.#results = results
    this.#streams = streams
  }

  /** Runs the whole stream. Never rejects: graphql-ws would close the socket, and with it the streams of everybody else. */
  async next(): Promise<IteratorReturnResult<undefined>> {
    this.#streams.add(this)
    try {
      await this.#follow()
    } catch (error) {
      this.#end({ why: 'failed', error })
    }
    await this.#sayLast()
    // Not waited for: a client may use the id anew as soon as it hears this, so nothing of this stream may come later.
    if (this.#ending?.why !== 'left') void this.#channel.complete().then(() => this.#streams.delete(this))
    return { done: true, value: undefined }
  }

  /** The client has left. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end({ why: 'left' })
    this.#closeSource()
    this.#streams.delete(this)
    return { done: true, value: undefined }
  }

  /** Ends the stream when what is just being sent, if anything, has been sent. */
  drain(reconnectWithinMs: number): void {
    this.#end({ why: 'draining', reconnectWithinMs })
  }

  checkViewer(): void {
    try {
      this.#operation.requireCurrent()
    } catch (error) {
      this.#end({ why: 'failed', error })
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #end(ending: Ending): void {
    if (STRENGTH[ending.why] > (this.#ending ? STRENGTH[this.#ending.why] : 0)) this.#ending = ending
    this.#interrupt?.()
  }

  async #follow(): Promise<void> {
    const events = await this.#operation.inSpan(() => this.#open())
    while (events && !this.#ending) {
      const event = await this.#unlessEnded(events.next())
      if (event?.done) this.#end({ why: 'finished' })
      else if (event) await this.#tellOf(event.value)
    }
  }

  /** Sends an event. One that is still being resolved when the stream is to end is told where the stream goes on. */
  async #tellOf(event: unknown): Promise<void> {
    const text = await this.#unlessEnded(this.#results.textFor(this.#operation, event, this.#source ?? {}))
    if (text !== undefined) await this.#tell(text)
  }

  async #open(): Promise<AsyncIterator<unknown> | undefined> {
    if (this.#ending) return undefined
    const { args, createContext, takesNotices } = this.#operation
    const opening = createSourceEventStream({ ...args, contextValue: createContext() })
    const source = await this.#unlessEnded(opening)
    if (!source) {
      void closeWhenOpen(opening)
      return undefined
    }
    if (!(Symbol.asyncIterator in source)) {
      const { text, code } = this.#results.toAnswer(source, this.#operation)
      this.#operation.count(code)
      await this.#tell(text)
      this.#end({ why: 'finished' })
      return undefined
    }
    this.#operation.count()
    this.#source = source
    this.#events = source[Symbol.asyncIterator]()
    this.#onEnd = this.#operation.opened()
    const { opensAt } = this.#source
    if (takesNotices && opensAt !== undefined) await this.#tell(JSON.stringify({ data: null, extensions: { opensAt } }))
    return this.#events
  }

  /** What is waited for, or nothing as soon as the stream is to end; a read that hangs must not hold it. */
  #unlessEnded<Value>(waitedFor: Promise<Value>): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => resolve(undefined)
      waitedFor.then(resolve, reject)
    })
  }

  /** Sends a result, unless the viewer has lost it meanwhile. */
  async #tell(text: string): Promise<void> {
    if (this.#ending && this.#ending.why !== 'draining') return
    if (!(await this.#channel.next(text))) this.#end({ why: 'disconnected' })
  }

  async #sayLast(): Promise<void> {
    const ending = this.#ending
    try {
      const text = ending?.why === 'draining' ? this.#drainingText(ending.reconnectWithinMs) : undefined
      this.#closeSource()
      if (text) await this.#tell(await text)
    } catch (error) {
      this.#end({ why: 'failed', error })
    }
    if (this.#ending?.why === 'failed') {
      const { text, code } = this.#results.errorAnswer(this.#ending.error, this.#operation)
      this.#operation.count(code)
      await this.#channel.next(text)
    }
  }

  /** To our gateway the notice that the server stops; to others the event that says so, if the source has one. */
  async #drainingText(reconnectWithinMs: number): Promise<string> {
    const event = this.#source?.drainingEvent?.(reconnectWithinMs)
    const result = event === undefined ? undefined : await this.#results.execute(this.#operation, event)
    const data = result?.errors ? undefined : result?.data
    if (this.#operation.takesNotices) {
      return JSON.stringify({ data: data ?? null, extensions: { draining: { reconnectWithinMs } } })
    }
    if (data) return JSON.stringify({ data })
    throw new ServerRestartsError()
  }

  #closeSource(): void {
    const [events, onEnd] = [this.#events, this.#onEnd]
    this.#events = undefined
    this.#onEnd = undefined
    onEnd?.()
    if (events) void closeQuietly(events)
  }
}

/** Nobody waits for it: it may hang, and who would be told of its failure has gone. */
async function closeQuietly(events: AsyncIterator<unknown>): Promise<void> {
  try {
    await events.return?.()
  } catch {}
}

async function closeWhenOpen(opening: ReturnType<typeof createSourceEventStream>): Promise<void> {
  try {
    const source = await opening
    if (Symbol.asyncIterator in source) await closeQuietly(source[Symbol.asyncIterator]())
  } catch {}
}
