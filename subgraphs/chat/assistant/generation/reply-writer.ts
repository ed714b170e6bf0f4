import { setTimeout as delay } from 'node:timers/promises'
import type { Addition, AppendedChunk, Fence } from './append-chunks.ts'
import { type ChunkFlusher, COALESCE_MS, type FlushedReply } from './chunk-flusher.ts'
import { LeaseLostError } from './generation-lease.ts'
import { lengthInGraphemes, lengthInPairs } from './whole-graphemes.ts'

/** Text that was written. */
export type WrittenText = Pick<Addition, 'offset' | 'text'> & Pick<AppendedChunk, 'log'>

/** More unwritten text than this, in UTF-16 code units, stops the model until it is written. */
const MOST_PENDING = 16_384

/** With the beats of the flusher 50 ms at most. */
const LONGEST_HOLD_MS = 29

/**
 * Writes a growing reply to the database: the first piece at once, then what has gathered within 50 ms, never half a
 * surrogate pair; a character that may not be whole waits for 50 ms at most. Text is committed before `onWritten` tells
 * anybody of it. It holds the lease from when it is made to `close`, and aborts `signal` when it can no longer be sure of
 * it.
 */
export class ReplyWriter {
  readonly #flusher: ChunkFlusher
  readonly #fence: Fence
  readonly #onWritten: (added: WrittenText) => void
  readonly #lost = new AbortController()
  readonly #gone: Promise<void>
  readonly #entry: FlushedReply
  #renewedAt = performance.now()
  #writtenAt = Number.NEGATIVE_INFINITY
  #pending = ''
  #underWay: Pick<Addition, 'offset' | 'text'> | undefined
  #length: number
  #hasBegun = false
  /** Whether the text that there is stays as it is: it ends here, whole or not. */
  #isEnding = false
  /** The last character, which may not be whole: where in the reply it begins, and since when it is held back. */
  #held = { at: -1, since: 0 }

  /**
   * @param options.length how much text the reply has already, in UTF-16 code units.
   * @param options.onWritten is told after each commit what was added.
   */
  constructor(options: {
    flusher: ChunkFlusher
    claim: Fence
    length: number
    onWritten: (added: WrittenText) => void
  }) {
    const { conversationId, id, attempt } = options.claim
    this.#flusher = options.flusher
    this.#fence = { conversationId, id, attempt }
    this.#length = options.length
    this.#onWritten = options.onWritten
    this.#gone = new Promise((resolve) => this.signal.addEventListener('abort', () => resolve()))
    this.#entry = {
      id,
      next: (now) => this.#next(now),
      settle: (appended, startedAt) => this.#settle(appended, startedAt),
      lose: (error) => this.#lose(error),
      renewedAt: () => this.#renewedAt,
      hasText: () => this.#unwritten > 0,
    }
    this.#flusher.add(this.#entry)
  }

  /** Aborts when the lease is lost; its reason is the error. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** How much text the reply has in the database, in UTF-16 code units. */
  get length(): number {
    return this.#length
  }

  /**
   * Takes a piece; waits only while too much is unwritten.
   *
   * @throws LeaseLostError
   */
  async write(text: string): Promise<void> {
    this.signal.throwIfAborted()
    // Postgres has no NUL in texts.
    this.#pending += text.replaceAll('\0', '\uFFFD')
    if (this.#hasBegun) this.#flusher.soon()
    else void this.#flusher.flush()
    await this.#writeDownTo(MOST_PENDING)
  }

  /**
   * Resolves when all text is written that was given; a half of a pair at its end has become U+FFFD.
   *
   * @throws LeaseLostError
   */
  async flush(): Promise<void> {
    this.#isEnding = true
    try {
      await this.#writeDownTo(0)
    } finally {
      this.#isEnding = false
    }
  }

  /**
   * Writes what is left and holds the lease no longer: it stays as it is until it runs out or the reply ends.
   *
   * @throws LeaseLostError
   */
  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      // A renewal that is late must not undo what comes next, such as a handover.
      await Promise.race([this.#flusher.remove(this.#entry), this.#gone])
    }
    this.signal.throwIfAborted()
  }

  async #writeDownTo(length: number): Promise<void> {
    while (this.#unwritten > length && !this.signal.aborted) {
      await Promise.race([this.#flusher.flush(), this.#gone])
      // Somebody holds the reply's row, or the database is away.
      if (this.#unwritten > length) await Promise.race([delay(COALESCE_MS), this.#gone])
    }
    this.signal.throwIfAborted()
  }

  get #unwritten(): number {
    return (this.#underWay?.text.length ?? 0) + this.#pending.length
  }

  #next(now: number): Addition {
    if (!this.#underWay) {
      const text = this.#take(now)
      if (text !== '') this.#underWay = { offset: this.#length, text }
    }
    return { ...this.#fence, ...(this.#underWay ?? { offset: this.#length, text: '' }) }
  }

  #take(now: number): string {
    if (!this.#isEnding && now - this.#writtenAt < COALESCE_MS) return ''
    const length = this.#isEnding ? this.#pending.length : this.#takeable(now)
    if (length > 0) this.#hasBegun = true
    const text = this.#pending.slice(0, length).toWellFormed()
    this.#pending = this.#pending.slice(length)
    return text
  }

  #takeable(now: number): number {
    const [inPairs, whole] = [lengthInPairs(this.#pending), lengthInGraphemes(this.#pending)]
    if (whole === inPairs) return whole
    const at = this.#length + whole
    if (at !== this.#held.at) this.#held = { at, since: now }
    return now - this.#held.since >= LONGEST_HOLD_MS ? inPairs : whole
  }

  #settle({ verdict, log }: AppendedChunk, startedAt: number): void {
    if (verdict === 'refused') this.#lose(new LeaseLostError())
    if (verdict !== 'written') return
    this.#renewedAt = startedAt
    if (!this.#underWay) return
    this.#writtenAt = startedAt
    const added = this.#underWay
    this.#length += added.text.length
    this.#underWay = undefined
    this.#onWritten({ ...added, ...(log && { log }) })
  }

  #lose(error: unknown): void {
    this.#lost.abort(error)
    void this.#flusher.remove(this.#entry)
  }
}
