import { type AccessTokenVerifier, isNewerToken, type Viewer } from '../access-token.ts'

/**
 * The fresh tokens that came in over one socket after the operations they are for. Operations ask for the newest at
 * every event, so nothing is kept of them, and a token may come while its operation is still being prepared. Tokens are
 * dropped when they end: what is kept is at most the sessions that were renewed within one token's life.
 */
export class Renewals {
  readonly #verifier: AccessTokenVerifier
  /** By session, the one that was renewed longest ago first. */
  readonly #viewers = new Map<string, Viewer>()

  constructor(verifier: AccessTokenVerifier) {
    this.#verifier = verifier
  }

  /** How many sessions have a fresh token. */
  get size(): number {
    return this.#viewers.size
  }

  /** @param viewer as a fresh token proves them; one that is older than the newest known came late and is ignored. */
  add(viewer: Viewer): void {
    const newest = this.#newest(viewer)
    this.#viewers.delete(keyOf(viewer))
    this.#forgetEnded()
    this.#viewers.set(keyOf(viewer), newest)
  }

  /**
   * The viewer of an operation as the newest token of their session proves them.
   *
   * @throws UnauthenticatedError when that one has expired or was revoked too.
   */
  current(viewer: Viewer): Viewer {
    return this.#verifier.requireCurrent(this.#newest(viewer))
  }

  #newest(viewer: Viewer): Viewer {
    const renewed = this.#viewers.get(keyOf(viewer))
    return renewed && isNewerToken(renewed, viewer) ? renewed : viewer
  }

  #forgetEnded(): void {
    for (const [key, viewer] of this.#viewers) {
      if (this.#isCurrent(viewer)) return
      this.#viewers.delete(key)
    }
  }

  #isCurrent(viewer: Viewer): boolean {
    try {
      return this.#verifier.requireCurrent(viewer) === viewer
    } catch {
      return false
    }
  }
}

const keyOf = ({ userId, sessionId }: Viewer) => `${userId}/${sessionId}`
