import type { Counter } from 'prom-client'
import { counter, DURATION_BUCKETS, histogram, type Metrics } from '../../platform/metrics.ts'
import { AbandonedError } from './deadline.ts'

/** How a request to a subgraph ended. */
type Result = 'ok' | 'errors' | 'unavailable' | 'timeout' | 'abandoned'

/** Counts and measures the requests to one subgraph, of which an operation may need several. */
export class SubgraphMetrics {
  readonly #totals: Counter<'subgraph' | 'result'>
  readonly #subgraph: string
  readonly #duration: { observe(seconds: number): void }

  /** @param subgraph its name in the supergraph. */
  constructor(metrics: Metrics, subgraph: string) {
    this.#totals = counter(metrics, {
      name: 'parley_gateway_subgraph_requests_total',
      help:
        'Requests to subgraphs over HTTP: ok, errors in the answer, unavailable (no answer, or none that can be used), ' +
        'timeout (of the operation) or abandoned (its client left).',
      labels: ['subgraph', 'result'],
    })
    const durations = histogram(metrics, {
      name: 'parley_gateway_subgraph_request_duration_seconds',
      help: 'How long requests to subgraphs took, however they ended, the wait for a connection included.',
      labels: ['subgraph'],
      buckets: DURATION_BUCKETS,
    })
    this.#subgraph = subgraph
    this.#duration = durations.labels(subgraph)
  }

  /** Makes a request, and counts how it ends. @param signal of the operation that makes it. */
  async measure<Answer extends { readonly errors?: unknown }>(
    request: () => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const since = performance.now()
    let result: Result = 'unavailable'
    try {
      const answer = await request()
      result = answer.errors ? 'errors' : 'ok'
      return answer
    } catch (error) {
      if (signal.aborted) result = signal.reason instanceof AbandonedError ? 'abandoned' : 'timeout'
      throw error
    } finally {
      this.#totals.labels(this.#subgraph, result).inc()
      this.#duration.observe((performance.now() - since) / 1_000)
    }
  }
}
