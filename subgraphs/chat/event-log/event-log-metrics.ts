import type { Counter, Histogram } from 'prom-client'
import { counter, createMetrics, histogram, type Metrics } from '../../../platform/metrics.ts'

const REASONS = ['join', 'lost_ring', 'late_ring', 'empty_ring', 'older'] as const

/**
 * Why the log is read although the bus carries events. `join`: somebody begins to follow. `lost_ring`: a sweep found events
 * whose ring had not come. `late_ring`: one came before the ring of what lies before it. `empty_ring`: one came without
 * events, because they were too many, or of another log. `older`: a stream begins before what is kept in memory.
 */
export type BackfillReason = (typeof REASONS)[number]

/** In seconds: from a ring that comes at once to a sweep after an outage. */
const LAG_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What is told of how events reach the streams of a process. */
export class EventLogMetrics {
  readonly #lag: Histogram
  readonly #backfills: Counter<'reason'>
  readonly #resets: Counter

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    this.#lag = histogram(metrics, {
      name: 'parley_chat_delivery_lag_seconds',
      help:
        'From the commit of an event to its being handed to the streams of this process, once an event. For what the bus ' +
        'brings by the clocks of two processes, and so only as exact as these agree; for what is read from the log by the ' +
        "database's clock, from the beginning of the event's transaction.",
      buckets: LAG_BUCKETS,
    })
    this.#backfills = counter(metrics, {
      name: 'parley_chat_backfills_total',
      help: 'Reads of the event log, each for all who follow the conversation here, by why the bus was not enough.',
      labels: ['reason'],
    })
    for (const reason of REASONS) this.#backfills.labels(reason).inc(0)
    this.#resets = counter(metrics, {
      name: 'parley_chat_resets_total',
      help: 'Streams that were told to read a conversation anew, because their cursor could not be honoured.',
    })
  }

  /** @param lagMs may be negative where clocks disagree; then it counts as none. */
  delivered(lagMs: number): void {
    this.#lag.observe(Math.max(0, lagMs) / 1_000)
  }

  /** The log is read. */
  backfilled(reason: BackfillReason): void {
    this.#backfills.labels(reason).inc()
  }

  /** A stream begins anew. */
  reset(): void {
    this.#resets.inc()
  }
}
