import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql'
import type { LiveSource } from './live-feed.ts'

const DONE: IteratorResult<ExecutionResult, undefined> = { done: true, value: undefined }

/**
 * A subscription as a subgraph serves it to our gateway: it says where it begins, and when the process stops, that it
 * should be opened again.
 */
export class ToyStream implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #args: ExecutionArgs
  readonly #source: LiveSource<unknown>
  readonly #drained = Promise.withResolvers<number>()
  #opensAt: unknown
  #isOver = false

  private constructor(args: ExecutionArgs, source: LiveSource<unknown>) {
    this.#args = args
    this.#source = source
    this.#opensAt = source.opensAt
  }

  /** @returns the errors instead, when it cannot be opened. */
  static async open(args: ExecutionArgs): Promise<ToyStream | ExecutionResult> {
    const source = await createSourceEventStream(args)
    return Symbol.asyncIterator in source ? new ToyStream(args, source as LiveSource<unknown>) : source
  }

  drain(reconnectWithinMs: number): void {
    this.#drained.resolve(reconnectWithinMs)
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (this.#isOver) return DONE
    if (this.#opensAt !== undefined) return this.#begin()
    const drained = this.#drained.promise.then((reconnectWithinMs) => ({ reconnectWithinMs }))
    const event = await Promise.race([this.#source.next(), drained])
    if ('reconnectWithinMs' in event) return this.#end({ data: null, extensions: { draining: event } })
    if (event.done) return DONE
    return { done: false, value: await execute({ ...this.#args, rootValue: event.value }) }
  }

  async return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    this.#isOver = true
    await this.#source.return?.()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #begin(): IteratorResult<ExecutionResult, undefined> {
    const opensAt = this.#opensAt
    this.#opensAt = undefined
    return { done: false, value: { data: null, extensions: { opensAt } } }
  }

  async #end(value: ExecutionResult): Promise<IteratorResult<ExecutionResult, undefined>> {
    await this.return()
    return { done: false, value }
  }
}
