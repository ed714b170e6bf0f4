import type { DurableEvent } from './durable-event.ts'
import { type EventRing, RING_SIZE } from './event-ring.ts'

const PAGE_SIZE = 200

/** The events of one log before those that are in memory. Simultaneous reads of the same page are one. */
export class OlderEvents {
  readonly #ring: EventRing
  readonly #read: (seq: number, limit: number) => Promise<readonly DurableEvent[]>
  readonly #reads = new Map<string, Promise<readonly DurableEvent[]>>()
  #filling: Promise<void> | undefined

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
      await this.fill()
      const kept = this.#ring.after(seq)
      if (kept) return kept
    }
    const page = await this.#share(seq, PAGE_SIZE)
    if (page[0]?.seq !== seq + 1) return undefined
    // Beyond that everybody gets the ring's own objects.
    return page.filter((event) => event.seq <= this.#ring.start)
  }

  /** Reads into the ring what it has room for. */
  async fill(): Promise<void> {
    if (this.#ring.last - this.#ring.start >= RING_SIZE || this.#ring.start === 0) return
    this.#filling ??= this.#fill()
    await this.#filling
  }

  async #fill(): Promise<void> {
    try {
      this.#ring.prepend(await this.#share(Math.max(0, this.#ring.last - RING_SIZE), RING_SIZE))
    } finally {
      this.#filling = undefined
    }
  }

  #share(seq: number, limit: number): Promise<readonly DurableEvent[]> {
    const key = `${seq}/${limit}`
    const reading = this.#reads.get(key)
    if (reading) return reading
    const read = this.#read(seq, limit).finally(() => this.#reads.delete(key))
    this.#reads.set(key, read)
    return read
  }
}
