/**
 * Work that one viewer does for all who wait for the same: it goes on when that viewer leaves, and stops when the last
 * one has left. Beside the first, a viewer costs an entry in a list: of their signals only one is listened to at a time.
 */
export class SharedAttempt<Outcome> {
  /** Resolves for everybody alike. */
  readonly outcome: Promise<Outcome>
  readonly #abandoned = new AbortController()
  readonly #viewers: AbortSignal[] = []
  #present = 0

  /**
   * @param first aborts when the first viewer leaves.
   * @param work must not reject; its signal aborts when nobody waits any more.
   */
  constructor(first: AbortSignal, work: (abandoned: AbortSignal) => Promise<Outcome>) {
    this.#viewers.push(first)
    this.#watch()
    this.outcome = work(this.#abandoned.signal).finally(() =>
      this.#viewers[this.#present]?.removeEventListener('abort', this.#watch),
    )
  }

  /** Somebody else waits for it too. */
  join(viewer: AbortSignal): void {
    this.#viewers.push(viewer)
  }

  /** Finds the first viewer who is still there, and waits until that one leaves. */
  readonly #watch = (): void => {
    while (this.#viewers[this.#present]?.aborted) this.#present += 1
    const viewer = this.#viewers[this.#present]
    if (viewer) viewer.addEventListener('abort', this.#watch, { once: true })
    else this.#abandoned.abort()
  }
}
