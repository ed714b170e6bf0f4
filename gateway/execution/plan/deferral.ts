/** What a part of a run works with that is told later. */
export interface DeferredWork {
  /** What failed in it, as it was thrown. */
  readonly errors: readonly unknown[]
}

const NOTHING_FETCHED: DeferredWork = { errors: [] }

/** The deferred parts of one run: what each of them waits for, and when what it needs has been fetched. */
export class Deferral {
  readonly #fetches = new Map<string, PromiseWithResolvers<void>>()
  readonly #parts = new Map<string, Promise<DeferredWork>>()

  /**
   * The work for a part, once it is over. Asked when what the part is in has been fetched: then one that has not begun
   * has nothing to fetch of its own.
   *
   * @param label the planner's.
   */
  workFor(label: string): Promise<DeferredWork> {
    return this.#parts.get(label) ?? Promise.resolve(NOTHING_FETCHED)
  }

  /**
   * Begins a part when the fetches that it depends on are over. One that is begun twice, because a fragment of the
   * operation is planned for several types, is over when both are.
   *
   * @param work must not reject.
   */
  begin(label: string, dependencies: readonly string[], work: (errors: unknown[]) => Promise<void> | undefined): void {
    const errors: unknown[] = []
    const before = this.#parts.get(label)
    const over = Promise.all(dependencies.map((id) => this.#fetch(id).promise))
      .then(() => work(errors))
      .catch((reason: unknown) => void errors.push(reason))
      .then(() => before)
    this.#parts.set(
      label,
      over.then((other) => ({ errors: [...(other?.errors ?? []), ...errors] })),
    )
  }

  /** A fetch is over, or will not be made. */
  settle(id: string): void {
    this.#fetch(id).resolve()
  }

  #fetch(id: string): PromiseWithResolvers<void> {
    const known = this.#fetches.get(id)
    if (known) return known
    const fetch = Promise.withResolvers<void>()
    this.#fetches.set(id, fetch)
    return fetch
  }
}
