import type { Counter, Gauge } from 'prom-client'
import { counter, gauge, type Metrics } from '../../platform/metrics.ts'

/** What is told of the supergraph that is served, and of attempts to replace it. */
export class ReloadMetrics {
  readonly #reloads: Counter<'outcome'>
  readonly #isUpToDate: Gauge
  readonly #served: Gauge<'sha256'>

  constructor(metrics: Metrics) {
    const name = 'parley_gateway_supergraph'
    this.#reloads = counter(metrics, {
      name: `${name}_reloads_total`,
      help: 'Supergraphs that were to take the place of the one before, since the start: accepted or refused.',
      labels: ['outcome'],
    })
    this.#isUpToDate = gauge(metrics, {
      name: `${name}_last_reload_successful`,
      help: '1, or 0 while the file holds a supergraph that was refused.',
    })
    this.#served = gauge(metrics, {
      name: `${name}_info`,
      help: 'Always 1; the label is the SHA-256 of the supergraph that is served.',
      labels: ['sha256'],
    })
    this.#isUpToDate.set(1)
    for (const outcome of ['accepted', 'refused']) this.#reloads.inc({ outcome }, 0)
  }

  /** @param sha256 of the file's text, in hexadecimal. */
  serves(sha256: string): void {
    this.#served.reset()
    this.#served.set({ sha256 }, 1)
  }

  accepted(): void {
    this.#reloads.inc({ outcome: 'accepted' })
    this.unchanged()
  }

  refused(): void {
    this.#reloads.inc({ outcome: 'refused' })
    this.#isUpToDate.set(0)
  }

  /** The file holds what is served. */
  unchanged(): void {
    this.#isUpToDate.set(1)
  }
}
