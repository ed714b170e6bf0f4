import type { DurableEvent, MessageAdded } from './durable-event.ts'

/** So many of the newest events of a log are kept in memory. */
export const RING_SIZE = 256

/** The newest events of a log, without a gap and ending at its head. */
export class EventRing {
  #events: DurableEvent[] = []
  #last: number
  readonly #onResize: () => void

  /**
   * @param last the sequence number of the head; no event is kept yet.
   * @param onResize is called when it has come to keep another number of events.
   */
  constructor(last: number, onResize: () => void = () => undefined) {
    this.#last = last
    this.#onResize = onResize
  }

  /** How many events are kept. */
  get size(): number {
    return this.#events.length
  }

  /** The sequence number of the newest event, kept or not. */
  get last(): number {
    return this.#last
  }

  /** The sequence number before the oldest event that is kept. */
  get start(): number {
    return this.#last - this.#events.length
  }

  /** The events after this one; undefined when some of them are not kept, or it lies beyond the head. */
  after(seq: number): readonly DurableEvent[] | undefined {
    if (seq < this.start || seq > this.#last) return undefined
    return this.#events.slice(seq - this.start)
  }

  /** The messages above a number; undefined unless the one with the next number is kept. */
  messagesAfter(number: number): readonly MessageAdded[] | undefined {
    const added = this.#events.filter((event) => event.__typename === 'MessageAdded' && event.number > number)
    const [next] = added as MessageAdded[]
    return next?.number === number + 1 ? (added as MessageAdded[]) : undefined
  }

  /** Adds the events that follow the newest one. */
  append(events: readonly DurableEvent[]): void {
    for (const event of events) this.#events.push(event)
    this.#last += events.length
    if (this.#events.length > RING_SIZE) this.#events.splice(0, this.#events.length - RING_SIZE)
    this.#onResize()
  }

  /** Adds those of consecutive events that come before the oldest one, as far as there is room. */
  prepend(events: readonly DurableEvent[]): void {
    const older = events.filter(({ seq }) => seq <= this.start)
    if (older.at(-1)?.seq !== this.start) return
    const room = RING_SIZE - this.#events.length
    if (room <= 0) return
    this.#events = [...older.slice(-room), ...this.#events]
    this.#onResize()
  }

  /** Keeps none of them any more. */
  clear(): void {
    this.#events = []
  }
}
