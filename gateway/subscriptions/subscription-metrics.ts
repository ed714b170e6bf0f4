import type { Counter, Histogram } from 'prom-client'
import { counter, createMetrics, histogram, type Metrics } from '../../platform/metrics.ts'

/** From a tenth of a millisecond, for events that others have been completed with, to the longest an operation may take. */
const COMPLETION_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
]

/** What is told of the events of subscriptions. */
export class SubscriptionMetrics {
  readonly #events: Counter
  readonly #completions: Histogram
  readonly #reconnections: Counter

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    this.#events = counter(metrics, {
      name: 'parley_gateway_events_total',
      help: 'Events of subscriptions that were made ready for a client: one that goes to ten clients is ten.',
    })
    this.#completions = histogram(metrics, {
      name: 'parley_gateway_event_completion_duration_seconds',
      help: 'How long an event took from its turn in a client’s stream until it was ready to be sent.',
      buckets: COMPLETION_BUCKETS,
    })
    this.#reconnections = counter(metrics, {
      name: 'parley_gateway_upstream_reconnections_total',
      help: 'Subscriptions taken up again after their subgraph was lost.',
    })
  }

  /** Completes an event, and measures how long that takes. */
  async measure(complete: () => Promise<string>): Promise<string> {
    const since = performance.now()
    try {
      return await complete()
    } finally {
      this.#events.inc()
      this.#completions.observe((performance.now() - since) / 1_000)
    }
  }

  reconnected(): void {
    this.#reconnections.inc()
  }
}
