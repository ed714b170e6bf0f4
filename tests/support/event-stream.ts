import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import type { Sink } from 'graphql-ws'

type Frame<Data> = FormattedExecutionResult<Data>

const PATIENCE_MS = 20_000

/** A subscription whose events queue up until the test asks for them, as graphql-ws's own test client does it. */
export class EventStream<Data> {
  readonly #frames: Frame<Data>[] = []
  readonly #unsubscribe: () => void
  #ended: 'complete' | Error | undefined
  #wake: (() => void) | undefined

  constructor(subscribe: (sink: Sink<Frame<Data>>) => () => void) {
    this.#unsubscribe = subscribe({
      next: (frame) => {
        this.#frames.push(frame as Frame<Data>)
        this.#wake?.()
      },
      error: (error) => this.#end(toError(error)),
      complete: () => this.#end('complete'),
    })
  }

  /** The next event's data; rejects when it carries errors, when the stream ends, or after 20 seconds. */
  async next(): Promise<Data> {
    const { data, errors } = await this.nextFrame()
    if (errors || !data) throw new Error(`The event carries errors: ${JSON.stringify(errors)}`)
    return data
  }

  /** The next event as it came, errors included. */
  async nextFrame(): Promise<Frame<Data>> {
    await this.#until(() => this.#frames.length > 0)
    const frame = this.#frames.shift()
    if (frame) return frame
    throw this.#ended instanceof Error ? this.#ended : new Error('The stream completed without another event.')
  }

  /** Events up to and including the first that `isLast` accepts. */
  async take(isLast: (data: Data) => boolean): Promise<Data[]> {
    const taken: Data[] = []
    for (;;) {
      const data = await this.next()
      taken.push(data)
      if (isLast(data)) return taken
    }
  }

  /** Resolves when the server has completed the stream; events that still came are dropped. */
  async completion(): Promise<void> {
    while (this.#ended === undefined) {
      this.#frames.length = 0
      await this.#until(() => this.#frames.length > 0)
    }
    if (this.#ended instanceof Error) throw this.#ended
  }

  /** What the server ended the stream with. */
  async failure(): Promise<Error> {
    await this.#until(() => false)
    if (this.#ended instanceof Error) return this.#ended
    throw new Error('The stream completed without an error.')
  }

  /** The codes of the errors of the next event, or of those that the server sent instead; none for an event without. */
  async nextCodes(): Promise<unknown[]> {
    await this.#until(() => this.#frames.length > 0)
    const frame = this.#frames.shift()
    if (frame) return codesOf(frame.errors ?? [])
    if (this.#ended instanceof RefusedError) return codesOf(this.#ended.errors)
    throw new Error('The stream ended with neither an event nor an error.', { cause: this.#ended })
  }

  /** The codes of the errors that the server sent instead of an event, whether or not it then ended the stream. */
  async failureCodes(): Promise<unknown[]> {
    const codes = await this.nextCodes()
    if (codes.length === 0) throw new Error('The server sent an event instead of an error.')
    return codes
  }

  unsubscribe(): void {
    this.#unsubscribe()
  }

  #end(how: 'complete' | Error): void {
    this.#ended = how
    this.#wake?.()
  }

  async #until(isMet: () => boolean): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Nothing came for ${PATIENCE_MS} ms.`)), PATIENCE_MS)
    })
    try {
      while (!isMet() && this.#ended === undefined) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        await Promise.race([woken, patience])
      }
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The server answered the operation with errors. */
class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly errors: readonly GraphQLFormattedError[]

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(JSON.stringify(errors))
    this.errors = errors
  }
}

const codesOf = (errors: readonly GraphQLFormattedError[]) => errors.map(({ extensions }) => extensions?.code)

function toError(error: unknown): Error {
  if (error instanceof Error) return error
  if (Array.isArray(error)) return new RefusedError(error)
  const { code, reason } = error as { code?: number; reason?: string }
  return new Error(code === undefined ? String(error) : `${code} ${reason}`)
}
