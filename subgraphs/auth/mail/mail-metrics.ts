import type { Counter } from 'prom-client'
import { counter, createMetrics, type Metrics, observe } from '../../../platform/metrics.ts'

/** What became of an attempt at a mail; a mail that is too late to be sent is dropped. */
type MailResult = 'sent' | 'failed' | 'dropped'

/** What is told of mails. */
export class MailMetrics {
  /** How many were still to be sent when they were counted last; NaN while that is not known. */
  waiting = Number.NaN
  readonly #totals: Counter<'result'>

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    this.#totals = counter(metrics, {
      name: 'parley_auth_mails_total',
      help: 'Mails that the mail server took, attempts that failed and are made again, and mails that were given up.',
      labels: ['result'],
    })
    for (const result of ['sent', 'failed', 'dropped'] as const) this.#totals.labels(result).inc(0)
    observe(metrics, {
      name: 'parley_auth_mails_waiting',
      help:
        'Mails of all processes that are still to be sent, as this one counted them within the last ten seconds. ' +
        'NaN while it cannot count.',
      read: () => this.waiting,
    })
  }

  ended(result: MailResult): void {
    this.#totals.labels(result).inc()
  }
}
