import type { Viewer } from '../../platform/access-token.ts'
import { UnauthenticatedError } from '../../platform/errors.ts'
import type { RevocationList } from '../../platform/revocation-list.ts'

/** The longest delay that a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** A key may be withdrawn under a token that is neither expired nor revoked. */
const VERIFY_AGAIN_MS = 5 * 60_000

/** What a watch looks at. */
export interface ViewerSources {
  readonly revocations: RevocationList | undefined
  readonly now: () => Date
  readonly verifyEveryMs?: number
}

/** Waits for the end of what proves a viewer: their token expires, is revoked, or its key is withdrawn. */
export class ViewerWatch {
  readonly #viewer: Viewer
  readonly #now: () => Date
  readonly #onEnd: () => void
  readonly #unwatch: (() => void) | undefined
  readonly #verifying: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #ended = false

  /**
   * @param verifyAgain verifies the token once more.
   * @param onEnd called at most once, at once when the token is no longer good.
   */
  constructor(viewer: Viewer, sources: ViewerSources, verifyAgain: () => Promise<void>, onEnd: () => void) {
    const { revocations, now, verifyEveryMs = VERIFY_AGAIN_MS } = sources
    this.#viewer = viewer
    this.#now = now
    this.#onEnd = onEnd
    this.#verifying = setInterval(() => void this.#verify(verifyAgain), verifyEveryMs).unref()
    this.#unwatch = revocations?.onRevoked(viewer, () => this.#end())
    // It may have been revoked between its verification and now, and is not told of again.
    if (revocations?.isRevoked(viewer)) this.#end()
    else this.#watchExpiry()
  }

  stop(): void {
    this.#unwatch?.()
    clearInterval(this.#verifying)
    clearTimeout(this.#timer)
  }

  /** Only a clear refusal ends it: while keys cannot be had, what was verified stays so. */
  async #verify(verifyAgain: () => Promise<void>): Promise<void> {
    try {
      await verifyAgain()
    } catch (error) {
      if (error instanceof UnauthenticatedError) this.#end()
    }
  }

  /** The clock is asked again when the timer fires: timers run by another one. */
  #watchExpiry(): void {
    const left = this.#viewer.expiresAt.getTime() - this.#now().getTime()
    if (left <= 0) this.#end()
    else this.#timer = setTimeout(() => this.#watchExpiry(), Math.min(left, MAX_DELAY_MS)).unref()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.stop()
    this.#onEnd()
  }
}
