const DEFAULT_GRACE_MS = 8_000

/** How much of its time a shutdown has left, once it has begun. */
export class ShutdownTime {
  readonly #graceMs: number
  #endsAt: number | undefined

  /** @param graceMs how long a shutdown may take, in milliseconds; 8,000 when not given. */
  constructor(graceMs = DEFAULT_GRACE_MS) {
    this.#graceMs = graceMs
  }

  get hasBegun(): boolean {
    return this.#endsAt !== undefined
  }

  /** All of it before the shutdown has begun. */
  get leftMs(): number {
    return this.#endsAt === undefined ? this.#graceMs : Math.max(0, this.#endsAt - performance.now())
  }

  /** A second call changes nothing. */
  begin(): void {
    this.#endsAt ??= performance.now() + this.#graceMs
  }
}
