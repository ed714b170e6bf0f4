import type { DurableEvent } from './durable-event.ts'
import type { EventPosition } from './event-cursor.ts'

/**
 * What is not in the log, but flows beside it. Another feature provides it; the log does not know what it is. It gives
 * only what its viewer may read at that moment. After an error the same call comes again.
 */
export interface EphemeralSource<Item> {
  /**
   * Called once and before all else.
   *
   * @param ring to be called when something has come; many calls are answered together, a quarter of a second apart.
   * @returns ends it: afterwards nothing rings any more.
   */
  open(ring: () => void): () => void
  /**
   * Called when it is known where the stream begins in the log and nothing of it has been read yet; once more whenever
   * it has to begin anew.
   */
  join(): Promise<void>
  /** What must be said before this durable event. */
  before(event: DurableEvent): Promise<Item[]>
  /**
   * What has come since the last call. Called when all of the log has been read, and for each ring of its own.
   *
   * @param log how far the log has been read: a removal up to there would have ended the stream.
   */
  drain(log: EventPosition): Promise<Item[]>
  /** Whether something may come without the log moving or a ring. */
  isLive(): boolean
}

/** Several sources as one; what they give comes in their order. */
export class EphemeralSources<Item> implements EphemeralSource<Item> {
  readonly #sources: readonly EphemeralSource<Item>[]
  /** What one source gave before another one failed. */
  #kept: Item[] = []

  constructor(sources: readonly EphemeralSource<Item>[]) {
    this.#sources = sources
  }

  open(ring: () => void): () => void {
    const closings = this.#sources.map((source) => source.open(ring))
    return () => {
      for (const close of closings) close()
    }
  }

  async join(): Promise<void> {
    for (const source of this.#sources) await source.join()
  }

  before(event: DurableEvent): Promise<Item[]> {
    return this.#gather((source) => source.before(event))
  }

  drain(log: EventPosition): Promise<Item[]> {
    return this.#gather((source) => source.drain(log))
  }

  isLive(): boolean {
    return this.#sources.some((source) => source.isLive())
  }

  async #gather(ask: (source: EphemeralSource<Item>) => Promise<Item[]>): Promise<Item[]> {
    for (const source of this.#sources) this.#kept.push(...(await ask(source)))
    const items = this.#kept
    this.#kept = []
    return items
  }
}
