/** Sends one frame; resolves when the kernel has taken it, or its client has gone. */
export type Send = (frame: string) => Promise<void>

/** Of a subscription. */
type Results = Required<Pick<AsyncIterator<string, undefined>, 'next' | 'return'>>

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined }

/**
 * Writes the results of a subscription to its client's socket, as `next` frames of graphql-transport-ws around the JSON
 * that they are already. What runs it takes it for a stream without events, and so does the rest of the protocol without
 * parsing a result or writing it anew. A result is taken when the kernel has taken the one before.
 */
export class ResultFrames implements AsyncIterableIterator<never, undefined> {
  readonly #results: Results
  readonly #send: Send
  readonly #opening: string
  #isLeft = false

  /** @param id the client's own for the operation. */
  constructor(id: string, results: Results, send: Send) {
    this.#results = results
    this.#send = send
    this.#opening = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  }

  /** Sends all results; resolves after the last one. */
  async next(): Promise<IteratorResult<never, undefined>> {
    try {
      for (;;) {
        const { done, value } = await this.#results.next()
        // Its id may be in use again.
        if (done || this.#isLeft) return DONE
        await this.#send(`${this.#opening}${value}}`)
      }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<never, undefined>> {
    this.#isLeft = true
    await this.#results.return()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
