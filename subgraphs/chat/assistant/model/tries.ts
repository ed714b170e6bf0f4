import { setTimeout as delay } from 'node:timers/promises'

/** The longest pause, in milliseconds, and how much of one is left to chance: those of the openai SDK. */
const LONGEST_PAUSE_MS = 8_000
const JITTER = 0.25

/** How often one endpoint is asked for one answer: the SDK tries again after a bad status, its caller after a bad stream. */
export class Tries {
  readonly #most: number
  readonly #firstPauseMs: number
  #made = 0

  /**
   * @param most how often at most, 1 or more.
   * @param firstPauseMs how long the first pause is, in milliseconds; each is twice as long as the one before.
   */
  constructor(most: number, firstPauseMs: number) {
    this.#most = most
    this.#firstPauseMs = firstPauseMs
  }

  /** Counts one. */
  begin(): void {
    this.#made += 1
  }

  get left(): number {
    return Math.max(0, this.#most - this.#made)
  }

  /**
   * Waits before the next one.
   *
   * @throws the signal's reason when aborted.
   */
  async pause(signal: AbortSignal): Promise<void> {
    const longest = Math.min(this.#firstPauseMs * 2 ** Math.max(0, this.#made - 1), LONGEST_PAUSE_MS)
    await delay(longest * (1 - Math.random() * JITTER), undefined, { signal }).catch(() => undefined)
    signal.throwIfAborted()
  }
}
