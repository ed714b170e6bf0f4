/**
 * Work that is done again and again: every so often, and at once when somebody wakes it. One run at a time: whoever
 * wakes it during a run is not served by that one, which may have looked already, but by one more that follows. A run
 * that fails keeps no other from being done.
 */
export class RepeatedWork implements AsyncDisposable {
  readonly #work: () => Promise<void>
  readonly #onFailure: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #isStopped = false

  /**
   * Begins no run by itself before the first `everyMs` have passed: wake it for one at once.
   *
   * @param options.everyMs how often it is done without being woken, in milliseconds, at most 2^31 - 1.
   * @param options.onFailure is told why a run failed; must not throw.
   */
  constructor(options: { everyMs: number; work: () => Promise<void>; onFailure: (error: unknown) => void }) {
    this.#work = options.work
    this.#onFailure = options.onFailure
    this.#timer = setInterval(() => void this.wake(), options.everyMs)
  }

  /** Whether it begins no further run; long work asks this between its steps. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Resolves when a run has ended that began after this call, or when it is stopped. Never rejects. */
  wake(): Promise<void> {
    this.#next ??= this.#running?.then(() => {
      this.#next = undefined
      return this.#begin()
    })
    return this.#next ?? this.#begin()
  }

  /** Begins no further run, and waits for the one under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#isStopped = true
    await this.#running
  }

  async #begin(): Promise<void> {
    if (this.#isStopped) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      await this.#work()
    } catch (error) {
      this.#onFailure(error)
    }
  }
}
