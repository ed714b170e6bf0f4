import type { Counter } from 'prom-client'
import { counter, createMetrics, type Metrics } from '../../../../platform/metrics.ts'
import { GenerationError, type GenerationErrorCode } from './generation-error.ts'

/**
 * What became of one request to a provider. By its status: `rate_limited` (429), `rejected` (other 4xx), `unavailable`
 * (5xx). Without one: `unreachable`, `timeout` (it was silent for too long). Of an answer: `ok`, `refused` (the provider
 * withholds it), `broken` (it ended early, or said nothing). `cancelled`: nobody wanted it any more.
 */
type RequestResult =
  | 'ok'
  | 'rate_limited'
  | 'rejected'
  | 'unavailable'
  | 'unreachable'
  | 'timeout'
  | 'refused'
  | 'broken'
  | 'cancelled'

export type CountRequest = (result: RequestResult) => void

/** What is told of the servers that answer for models. */
export class ProviderMetrics {
  readonly #requests: Counter<'endpoint' | 'result'>

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    this.#requests = counter(metrics, {
      name: 'parley_assistant_provider_requests_total',
      help: 'Requests to the servers that answer for models, each try counted, by server and what became of it.',
      labels: ['endpoint', 'result'],
    })
  }

  /** @param endpoint its name in the configuration. */
  of(endpoint: string): CountRequest {
    this.#requests.labels(endpoint, 'ok').inc(0)
    return (result) => this.#requests.labels(endpoint, result).inc()
  }
}

const BY_CODE: Partial<Record<GenerationErrorCode, RequestResult>> = {
  PROVIDER_TIMEOUT: 'timeout',
  MODERATION_REFUSED: 'refused',
}

/** What an answer came to that was begun. @param error what ended it. */
export function resultOfAnswer(error: unknown): RequestResult {
  // Whatever else is thrown comes from who takes the text, or from the signal.
  return error instanceof GenerationError ? (BY_CODE[error.code] ?? 'broken') : 'cancelled'
}

/** What a status other than those of success means. */
export function resultOfStatus(status: number): RequestResult {
  if (status === 429) return 'rate_limited'
  return status >= 500 ? 'unavailable' : 'rejected'
}
