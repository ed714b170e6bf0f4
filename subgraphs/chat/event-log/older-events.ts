import type { DurableEvent } from './durable-event.ts'
import { type EventRing, RING_SIZE } from './event-ring.ts'

const PAGE_SIZE = 200

/** A read of what the ring lacks. */
interface Filling {
  /** The sequence number it reads after; whoever asks before it begins may still lower it. */
  seq: number
  hasBegun: boolean
  readonly done: Promise<void>
}

/** The events of one log before those that are in memory. Simultaneous reads of the same page are one. */
export class OlderEvents {
  readonly #ring: EventRing
  readonly #read: (seq: number, limit: number) => Promise<readonly DurableEvent[]>
  readonly #pages = new Map<number, Promise<readonly DurableEvent[]>>()
  #filling: Filling | undefined

  /** @param read the events after a sequence number, at most so many; none when the log is another one by now. */
  constructor(ring: EventRing, read: (seq: number, limit: number) => Promise<readonly DurableEvent[]>) {
    this.#ring = ring
    this.#read = read
  }

  /**
   * Events after `seq`, which lies before the beginning of the ring: what can be kept in the ring is read once for all.
   * Undefined when they are not in the log any more.
   */
  async after(seq: number): Promise<readonly DurableEvent[] | undefined> {
    if (seq >= this.#ring.last - RING_SIZE) {
      await this.fill(seq)
      const kept = this.#ring.after(seq)
      if (kept) return kept
    }
    const page = (await this.#page(Math.floor(seq / PAGE_SIZE) * PAGE_SIZE)).filter((event) => event.seq > seq)
    if (page[0]?.seq !== seq + 1) return undefined
    // Beyond that everybody gets the ring's own objects.
    return page.filter((event) => event.seq <= this.#ring.start)
  }

  /** Reads into the ring what it lacks after `seq`, as far as it has room; once for all who ask within one turn. */
  async fill(seq: number): Promise<void> {
    const from = Math.max(seq, this.#ring.last - RING_SIZE, 0)
    if (from >= this.#ring.start) return
    const filling = this.#filling
    if (filling && !filling.hasBegun) filling.seq = Math.min(filling.seq, from)
    else if (!filling || filling.seq > from) this.#filling = this.#beginFilling(from)
    await this.#filling?.done
  }

  #beginFilling(seq: number): Filling {
    const { promise, resolve } = Promise.withResolvers<void>()
    const filling: Filling = { seq, hasBegun: false, done: promise.then(() => this.#fill(filling)) }
    setImmediate(resolve)
    return filling
  }

  async #fill(filling: Filling): Promise<void> {
    filling.hasBegun = true
    try {
      const missing = this.#ring.start - filling.seq
      if (missing > 0) this.#ring.prepend(await this.#read(filling.seq, missing))
    } finally {
      if (this.#filling === filling) this.#filling = undefined
    }
  }

  /** Pages begin at multiples of their size, so that those who are about as far behind read the same ones. */
  #page(start: number): Promise<readonly DurableEvent[]> {
    const reading = this.#pages.get(start)
    if (reading) return reading
    const read = this.#read(start, PAGE_SIZE).finally(() => this.#pages.delete(start))
    this.#pages.set(start, read)
    return read
  }
}
