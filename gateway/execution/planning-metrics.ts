import type { Histogram } from 'prom-client'
import { createMetrics, DURATION_BUCKETS, histogram, type Metrics } from '../../platform/metrics.ts'
import { CacheRequests } from '../cache-requests.ts'

/** What is told of the plans of operations, for all supergraphs that are served one after the other. */
export class PlanningMetrics {
  /** Whether an operation's plan was there when it was asked for. */
  readonly cache: CacheRequests
  readonly #duration: Histogram

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    this.cache = new CacheRequests(metrics, {
      name: 'parley_gateway_plan_cache_requests_total',
      help: 'Plans of operations, subscriptions included, that were asked for: found, or to be made.',
    })
    this.#duration = histogram(metrics, {
      name: 'parley_gateway_planning_duration_seconds',
      help: 'How long operations took to be planned and compiled, those included that could not be.',
      buckets: DURATION_BUCKETS,
    })
  }

  /** Makes a plan, and measures how long that takes. */
  time<Plan>(make: () => Plan): Plan {
    const since = performance.now()
    try {
      return make()
    } finally {
      this.#duration.observe((performance.now() - since) / 1_000)
    }
  }
}
