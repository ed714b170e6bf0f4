import type { Counter } from 'prom-client'
import { counter, type Metrics } from '../platform/metrics.ts'

/** Counts how often something was found in a cache, and how often it had to be made. */
export class CacheRequests {
  readonly #hits: Counter.Internal
  readonly #misses: Counter.Internal

  /** @param options.name of the metric, whose label is `result`. */
  constructor(metrics: Metrics, options: { readonly name: string; readonly help: string }) {
    const requests = counter(metrics, { ...options, labels: ['result'] })
    this.#hits = requests.labels('hit')
    this.#misses = requests.labels('miss')
    this.#hits.inc(0)
    this.#misses.inc(0)
  }

  hit(): void {
    this.#hits.inc()
  }

  miss(): void {
    this.#misses.inc()
  }
}
