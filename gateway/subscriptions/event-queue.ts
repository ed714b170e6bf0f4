import type { LagBudget } from './lag-budget.ts'

/** How much one subscriber may lag behind. */
export interface QueueBounds {
  readonly maxEvents: number
  /** In characters of JSON, close enough to bytes. */
  readonly maxCharacters: number
}

/** What a queue's characters are charged to. */
interface Charged {
  readonly budget: LagBudget
  /** The budget is used up and this queue the longest: it must be cleared. */
  onEvicted(): void
}

/** Takes the next event; undefined when there will be none. */
type Taker<Event> = (event: Event | undefined) => void

/** Keeps what one subscriber has yet to be given, in order. It never drops an event in the middle. */
export class EventQueue<Event> {
  readonly #bounds: QueueBounds
  readonly #charged: Charged | undefined
  #waiting: { event: Event; characters: number }[] = []
  #characters = 0
  #taker: Taker<Event> | undefined
  #closed = false

  constructor(bounds: QueueBounds, charged?: Charged) {
    this.#bounds = bounds
    this.#charged = charged
  }

  /** Whether at least half of the room is free. */
  get isDrained(): boolean {
    const { maxEvents, maxCharacters } = this.#bounds
    return this.#waiting.length <= maxEvents / 2 && this.#characters <= maxCharacters / 2
  }

  /**
   * One event fits into an empty queue, however large it is.
   *
   * @param characters of the event as JSON.
   * @returns false when the event does not fit any more; then it was not added.
   */
  push(event: Event, characters: number): boolean {
    if (this.#closed) return false
    if (this.#taker) {
      this.#hand(event)
      return true
    }
    const { maxEvents, maxCharacters } = this.#bounds
    const isEmpty = this.#waiting.length === 0
    const fits = this.#waiting.length < maxEvents && this.#characters + characters <= maxCharacters
    if (!isEmpty && !fits) return false
    this.#waiting.push({ event, characters })
    this.#lag(characters)
    return true
  }

  /** Gives the next event as soon as there is one; undefined once the queue is closed and empty. One taker at a time. */
  take(taker: Taker<Event>): void {
    const first = this.#waiting.shift()
    if (first) this.#lag(-first.characters)
    if (first || this.#closed) taker(first?.event)
    else this.#taker = taker
  }

  /** Takes no more events; those that wait can still be taken. */
  close(): void {
    this.#closed = true
    this.#hand(undefined)
  }

  clear(): void {
    this.#waiting = []
    this.#lag(-this.#characters)
  }

  #lag(more: number): void {
    this.#characters += more
    this.#charged?.budget.charge(this.#charged, more)
  }

  #hand(event: Event | undefined): void {
    const taker = this.#taker
    this.#taker = undefined
    taker?.(event)
  }
}
