import type { Viewer } from '../../platform/access-token.ts'
import type { RevocationList } from '../../platform/revocation-list.ts'

/** The longest delay that a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** What a watch looks at. */
export interface ViewerSources {
  readonly revocations: RevocationList | undefined
  readonly now: () => Date
}

/** Waits for the end of what proves a viewer: their token expires or is revoked. */
export class ViewerWatch {
  readonly #viewer: Viewer
  readonly #now: () => Date
  readonly #onEnd: () => void
  readonly #unwatch: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param onEnd called at most once, at once when the token is no longer good. */
  constructor(viewer: Viewer, { revocations, now }: ViewerSources, onEnd: () => void) {
    this.#viewer = viewer
    this.#now = now
    this.#onEnd = onEnd
    this.#unwatch = revocations?.onRevoked(viewer, () => this.#end())
    // It may have been revoked between its verification and now, and is not told of again.
    if (revocations?.isRevoked(viewer)) this.#end()
    else this.#watchExpiry()
  }

  stop(): void {
    this.#unwatch?.()
    clearTimeout(this.#timer)
  }

  /** The clock is asked again when the timer fires: timers run by another one. */
  #watchExpiry(): void {
    const left = this.#viewer.expiresAt.getTime() - this.#now().getTime()
    if (left <= 0) this.#end()
    else this.#timer = setTimeout(() => this.#watchExpiry(), Math.min(left, MAX_DELAY_MS)).unref()
  }

  #end(): void {
    this.stop()
    this.#onEnd()
  }
}
