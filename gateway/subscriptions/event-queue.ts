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

/** Keeps what one subscriber has yet to be given, in order. It never drops an event in the middle. */
export class EventQueue<Event> {
  readonly #bounds: QueueBounds
  readonly #charged: Charged | undefined
  readonly #waiting: { event: Event; characters: number }[] = []
  #characters = 0
  #taker: ((event: Event | undefined) => void) | undefined
  #closed = false

  constructor(bounds: QueueBounds, charged?: Charged) {
    this.#bounds = bounds
    this.#charged = charged
  }

  /** @returns false when the event does not fit any more; then it was not added. */
  push(event: Event): boolean {
    if (this.#closed) return false
    if (this.#taker) {
      this.#hand(event)
      return true
    }
    const characters = JSON.stringify(event).length
    const fits =
      this.#waiting.length < this.#bounds.maxEvents && this.#characters + characters <= this.#bounds.maxCharacters
    if (fits) {
      this.#waiting.push({ event, characters })
      this.#lag(characters)
    }
    return fits
  }

  /** Waits for the next event; undefined once the queue is closed and empty. One caller at a time. */
  take(): Promise<Event | undefined> {
    const first = this.#waiting.shift()
    if (first) this.#lag(-first.characters)
    if (first || this.#closed) return Promise.resolve(first?.event)
    return new Promise((resolve) => {
      this.#taker = resolve
    })
  }

  /** Takes no more events; those that wait can still be taken. */
  close(): void {
    this.#closed = true
    this.#hand(undefined)
  }

  clear(): void {
    this.#waiting.length = 0
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
