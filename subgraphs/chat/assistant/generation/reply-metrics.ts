import type { Counter } from 'prom-client'
import { counter, createMetrics, type Metrics } from '../../../../platform/metrics.ts'
import type { TokensUsed } from '../usage/ledger.ts'
import type { ReplyReport } from './ending.ts'

/** Whose label a model gets that the configuration does not name, or not any more. */
const OTHER_MODEL = 'other'

/** A model's label: one of the configuration's, or that of all others. */
export function modelLabels(models: readonly { readonly id: string }[]): (model: string) => string {
  const known = new Set(models.map(({ id }) => id))
  return (model) => (known.has(model) ? model : OTHER_MODEL)
}

/** What is told of replies by whoever ends them: those who ask for them, and those who write them. */
export class ReplyMetrics {
  readonly #labelOf: (model: string) => string
  readonly #endings: Counter<'status' | 'code'>
  readonly #tokens: Counter<'model' | 'direction'>

  /**
   * @param options.metrics a collection of its own when not given.
   * @param options.models those of the configuration.
   */
  constructor({ metrics = createMetrics(), models = [] }: ReplyMetricsOptions = {}) {
    this.#labelOf = modelLabels(models)
    this.#endings = counter(metrics, {
      name: 'parley_assistant_replies_total',
      help:
        'Replies that have ended, by how, and by the code of the failure or NONE. Those of a conversation that was ' +
        'deleted count as CANCELLED; one that is continued ends once more.',
      labels: ['status', 'code'],
    })
    this.#tokens = counter(metrics, {
      name: 'parley_assistant_tokens_total',
      help: 'Tokens of replies, titles and summaries, as they are booked: estimated where the model did not say.',
      labels: ['model', 'direction'],
    })
  }

  /** A reply has ended, and that is committed. */
  ended({ status, code }: Pick<ReplyReport, 'status' | 'code'>): void {
    this.#endings.labels(status, code ?? 'NONE').inc()
  }

  /** What a call of a model has cost is booked. */
  used(model: string, { inputTokens, outputTokens }: TokensUsed): void {
    if (inputTokens > 0) this.#tokens.labels(this.#labelOf(model), 'input').inc(inputTokens)
    if (outputTokens > 0) this.#tokens.labels(this.#labelOf(model), 'output').inc(outputTokens)
  }
}

interface ReplyMetricsOptions {
  readonly metrics?: Metrics | undefined
  readonly models?: readonly { readonly id: string }[]
}
