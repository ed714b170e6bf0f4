import type { Chance } from './chance.ts'

/**
 * Lets answers arrive one at a time, in an order that follows from what was asked and from the answers before it:
 * where two answers contradict each other the last one counts, and it must be the same for every executor.
 */
export class AnswerOrder {
  readonly #chance: Chance
  /** Those that are under way, by the time of their arrival. */
  readonly #waiting: { readonly at: number; readonly request: string; readonly arrive: () => void }[] = []
  #now = 0
  #isRunning = false

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** @param request whatever tells it from others. */
  async arrival(request: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ at: this.#now + 1 + this.#chance.below(request, 3), request, arrive: resolve })
    this.#run()
    return promise
  }

  #run(): void {
    if (this.#isRunning || this.#waiting.length === 0) return
    this.#isRunning = true
    // By then everybody has gone as far as one can without another answer.
    setImmediate(() => {
      this.#waiting.sort((left, right) => left.at - right.at || (left.request < right.request ? -1 : 1))
      const next = this.#waiting.shift()
      this.#now = next?.at ?? this.#now
      next?.arrive()
      this.#isRunning = false
      this.#run()
    })
  }
}
