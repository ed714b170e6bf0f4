import type { SourceStream } from '../source-stream.ts'

/** A source whose events a test pushes. */
export class PushedSource<Event> implements SourceStream<Event> {
  readonly #events: Event[] = []
  #waiting: ((result: IteratorResult<Event, undefined>) => void) | undefined
  #hasEnded = false
  /** How often it was asked for an event. */
  pulls = 0
  opensAt?: unknown
  drainingEvent?: (reconnectWithinMs: number) => Event
  mayStill?: () => Promise<boolean>

  push(event: Event): void {
    this.#events.push(event)
    this.#settle()
  }

  end(): void {
    this.#hasEnded = true
    this.#settle()
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    this.pulls += 1
    return new Promise((resolve) => {
      this.#waiting = resolve
      this.#settle()
    })
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    this.end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #settle(): void {
    const waiting = this.#waiting
    if (!waiting || (this.#events.length === 0 && !this.#hasEnded)) return
    this.#waiting = undefined
    const [event] = this.#events.splice(0, 1)
    waiting(event === undefined ? { done: true, value: undefined } : { done: false, value: event })
  }
}
