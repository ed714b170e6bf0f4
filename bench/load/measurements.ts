import { Histogram } from './histogram.ts'

/** What waits are measured of; requests are all but `delivery`, `firstText` and `reply`. */
export const OPERATIONS = ['sendMessage', 'markRead', 'messages', 'conversations'] as const
export type Operation = (typeof OPERATIONS)[number]
export type Wait = Operation | 'delivery' | 'firstText' | 'reply'

/** Of one stretch of the run. */
export class Interval {
  readonly operations = new Histogram()
  readonly deliveries = new Histogram()
  failures = 0
}

/** At most so many stretches, whatever the length of the run. */
const MOST_INTERVALS = 120

/** All that a run measures. Times are in milliseconds, of the clock of `performance.now()`. */
export class Measurements {
  readonly intervalMs: number
  readonly intervals: Interval[] = []
  readonly #waits = new Map<Wait, Histogram>()
  readonly #failed = new Map<Operation, number>()
  readonly #errors = new Map<string, number>()

  #startedAt = performance.now()

  /** @param lengthMs how long the run is meant to be. */
  constructor(lengthMs: number) {
    this.intervalMs = Math.max(1_000, Math.ceil(lengthMs / MOST_INTERVALS / 1_000) * 1_000)
  }

  get startedAt(): number {
    return this.#startedAt
  }

  /** From now on there is load. */
  begin(): void {
    this.#startedAt = performance.now()
  }

  /** Something that was due at `dueAt` came just now. */
  came(wait: Wait, dueAt: number): void {
    const now = performance.now()
    this.waitsOf(wait).add(now - dueAt)
    if (wait === 'delivery') this.#interval(now).deliveries.add(now - dueAt)
    else if (isOperation(wait)) this.#interval(now).operations.add(now - dueAt)
  }

  /** A request failed; its code is the answer's first error's, or says why there was no answer. */
  failed(operation: Operation, code: string): void {
    this.#failed.set(operation, this.failuresOf(operation) + 1)
    this.#interval(performance.now()).failures += 1
    this.noted(code)
  }

  /** An error that is no failed request, such as a stream that ended. */
  noted(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }

  waitsOf(wait: Wait): Histogram {
    const histogram = this.#waits.get(wait) ?? new Histogram()
    this.#waits.set(wait, histogram)
    return histogram
  }

  failuresOf(operation: Operation): number {
    return this.#failed.get(operation) ?? 0
  }

  /** How often each code was met. */
  errors(): [string, number][] {
    return [...this.#errors].sort(([, a], [, b]) => b - a)
  }

  /** Requests that were answered well, and those that were not. */
  totals(): { succeeded: number; failed: number } {
    const sum = (count: (operation: Operation) => number) =>
      OPERATIONS.reduce((total, operation) => total + count(operation), 0)
    return { succeeded: sum((operation) => this.waitsOf(operation).count), failed: sum((one) => this.failuresOf(one)) }
  }

  #interval(now: number): Interval {
    const index = Math.max(0, Math.floor((now - this.#startedAt) / this.intervalMs))
    while (this.intervals.length <= index) this.intervals.push(new Interval())
    return this.intervals[index] ?? new Interval()
  }
}

const isOperation = (wait: Wait): wait is Operation => (OPERATIONS as readonly string[]).includes(wait)
