import { GenerationError } from './generation-error.ts'

/**
 * Aborts when nothing came for a while, neither headers nor the next piece: the SDK's own timeout, ten minutes, knows
 * only the headers. It rests while the SDK waits before it tries again, and while a piece is being taken, which is no
 * silence of the model's.
 */
export class IdleTimer {
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** Aborted with GenerationError PROVIDER_TIMEOUT. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on it waits for so many milliseconds. */
  restart(timeoutMs: number = this.#timeoutMs): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(new GenerationError('PROVIDER_TIMEOUT')), timeoutMs)
  }

  /** Waits for nothing, until it is restarted. */
  rest(): void {
    clearTimeout(this.#timer)
  }

  [Symbol.dispose](): void {
    this.rest()
  }
}
