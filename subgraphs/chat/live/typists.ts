/** Beyond these, further people of one conversation are not told of. */
const MOST_TYPISTS = 1_000

/** Who types in one conversation. Who does not say so again ceases by themself. */
export class Typists {
  readonly #holdsMs: number
  readonly #onChange: (userId: string, isTyping: boolean) => void
  readonly #timers = new Map<string, NodeJS.Timeout>()

  /**
   * @param options.holdsMs how long one saying holds, in milliseconds.
   * @param options.onChange called when somebody begins or ceases, and not when they go on.
   */
  constructor(options: { holdsMs: number; onChange: (userId: string, isTyping: boolean) => void }) {
    this.#holdsMs = options.holdsMs
    this.#onChange = options.onChange
  }

  /** Who types now. Ids are UUIDs. */
  get userIds(): string[] {
    return [...this.#timers.keys()]
  }

  /** Somebody said that they type, or that they do not. */
  say(userId: string, isTyping: boolean): void {
    const timer = this.#timers.get(userId)
    if (!isTyping) this.#cease(userId)
    else if (timer) timer.refresh()
    else if (this.#timers.size < MOST_TYPISTS) this.#begin(userId)
  }

  #begin(userId: string): void {
    this.#timers.set(userId, setTimeout(() => this.#cease(userId), this.#holdsMs).unref())
    this.#onChange(userId, true)
  }

  #cease(userId: string): void {
    clearTimeout(this.#timers.get(userId))
    if (this.#timers.delete(userId)) this.#onChange(userId, false)
  }
}
