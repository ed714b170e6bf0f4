import type { Counter, Histogram } from 'prom-client'
import { counter, createMetrics, histogram, type Metrics, observe } from '../../../../platform/metrics.ts'
import type { Backlog } from './reply-backlog.ts'
import { modelLabels } from './reply-metrics.ts'

/** In seconds: from a quick model to one that is overloaded. */
const FIRST_TOKEN_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120]
/** In seconds, to the fifteen minutes after which a reply is cut off. */
const REPLY_BUCKETS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900]
/** In seconds: of one statement, of which the next is due 20 ms later. */
const FLUSH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** What is told of replies by a process that writes them. */
export class WorkerMetrics {
  readonly #metrics: Metrics
  readonly #labelOf: (model: string) => string
  readonly #takeovers: Counter
  readonly #firstTokens: Histogram<'model'>
  readonly #replies: Histogram<'model'>
  readonly #flushes: Histogram

  /**
   * @param options.metrics a collection of its own when not given.
   * @param options.models those of the configuration.
   */
  constructor(options: { metrics?: Metrics | undefined; models?: readonly { readonly id: string }[] } = {}) {
    const { metrics = createMetrics(), models = [] } = options
    this.#metrics = metrics
    this.#labelOf = modelLabels(models)
    this.#takeovers = counter(metrics, {
      name: 'parley_assistant_lease_takeovers_total',
      help: 'Replies that this process took over because the lease of their worker had run out.',
    })
    this.#firstTokens = histogram(metrics, {
      name: 'parley_assistant_time_to_first_token_seconds',
      help:
        'From when a reply was asked for to the commit of its first text, whoever was lost in between; ' +
        'without those that waited for an approval before.',
      labels: ['model'],
      buckets: FIRST_TOKEN_BUCKETS,
    })
    this.#replies = histogram(metrics, {
      name: 'parley_assistant_reply_duration_seconds',
      help: 'From when this process took a reply to its end; without what waits for an approval.',
      labels: ['model'],
      buckets: REPLY_BUCKETS,
    })
    this.#flushes = histogram(metrics, {
      name: 'parley_assistant_flush_duration_seconds',
      help: 'How long one statement took that writes the text of all replies of this process, failed ones included.',
      buckets: FLUSH_BUCKETS,
    })
  }

  /** Tells how many replies this process writes, and how many nobody does. */
  observe({ running, backlog }: { running: () => number; backlog: () => Backlog }): void {
    observe(this.#metrics, {
      name: 'parley_assistant_replies_running',
      help: 'Replies that this process writes.',
      read: running,
    })
    observe(this.#metrics, {
      name: 'parley_assistant_replies_waiting',
      help:
        'Replies that wait for any worker, as this process saw it within the last five seconds; at most 10,000. ' +
        'NaN while it cannot see.',
      read: () => backlog().waiting,
    })
    observe(this.#metrics, {
      name: 'parley_assistant_oldest_waiting_seconds',
      help:
        'For how long the reply that has waited longest had waited for a worker when this process looked, since it last ' +
        'began to; 0 when none waits. NaN while it cannot see.',
      read: () => backlog().oldestSeconds,
    })
  }

  takenOver(): void {
    this.#takeovers.inc()
  }

  firstToken(model: string, ms: number): void {
    this.#firstTokens.labels(this.#labelOf(model)).observe(ms / 1_000)
  }

  written(model: string, ms: number): void {
    this.#replies.labels(this.#labelOf(model)).observe(ms / 1_000)
  }

  flushed(ms: number): void {
    this.#flushes.observe(ms / 1_000)
  }
}
