import { coalesced } from './coalesced.ts'
import { outsideLogScopes } from './log-scope.ts'
import { outsideTraces } from './tracing/spans.ts'

/**
 * Work that is done again and again: every so often, and at once when somebody wakes it. One run at a time: whoever
 * wakes it during a run is not served by that one, which may have looked already, but by one more that follows. A run
 * that fails keeps no other from being done.
 */
export class RepeatedWork implements AsyncDisposable {
  readonly #run: () => Promise<void>
  readonly #timer: NodeJS.Timeout
  #isStopped = false

  /**
   * Begins no run by itself before the first `everyMs` have passed: wake it for one at once.
   *
   * @param options.everyMs how often it is done without being woken, in milliseconds, at most 2^31 - 1.
   * @param options.onFailure is told why a run failed; must not throw.
   */
  constructor(options: { everyMs: number; work: () => Promise<void>; onFailure: (error: unknown) => void }) {
    this.#run = coalesced(async () => {
      if (this.#isStopped) return
      try {
        // Whoever wakes it has not asked for all of it.
        await outsideTraces(() => outsideLogScopes(options.work))
      } catch (error) {
        options.onFailure(error)
      }
    })
    this.#timer = setInterval(() => void this.wake(), options.everyMs)
  }

  /** Whether it begins no further run; long work asks this between its steps. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Resolves when a run has ended that began after this call, or when it is stopped. Never rejects. */
  wake(): Promise<void> {
    return this.#run()
  }

  /** Begins no further run, and waits for the one under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#isStopped = true
    await this.#run()
  }
}
