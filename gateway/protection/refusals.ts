import type { Counter } from 'prom-client'
import { originalOf } from '../../platform/graphql-errors.ts'
import { counter, createMetrics, type Metrics } from '../../platform/metrics.ts'

/** Why the gateway refuses, or gives up, what a client asks of it: a limit, or a rule about who may ask. */
export const REFUSAL_REASONS = [
  'body',
  'tokens',
  'selections',
  'depth',
  'aliases',
  'root_fields',
  'lists',
  'input',
  'cost',
  'deferred',
  'planning',
  'operation_time',
  'errors',
  'mutation_rate',
  'operations_per_socket',
  'subscriptions',
  'subscription_lag',
  'sockets',
  'sockets_per_user',
  'connection_rate',
  'csrf',
  'trusted_documents',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** An error by which something is refused. */
export interface Refusing {
  readonly refusal: RefusalReason
}

const REASONS: ReadonlySet<unknown> = new Set(REFUSAL_REASONS)

/** Why something was refused, of the error that says so; undefined when it was not, or nobody counts it. */
export function refusalOf(error: unknown): RefusalReason | undefined {
  const { refusal } = Object(originalOf(error)) as Partial<Refusing>
  return REASONS.has(refusal) ? refusal : undefined
}

/** Counts what is refused, by the reason: each is told from the start. */
export class Refusals {
  readonly #total: Counter<'reason'>

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics()) {
    this.#total = counter(metrics, {
      name: 'parley_gateway_refusals_total',
      help: 'What was asked of the gateway and refused, or given up, by the limit or the rule that says so.',
      labels: ['reason'],
    })
    for (const reason of REFUSAL_REASONS) this.#total.labels(reason).inc(0)
  }

  count(reason: RefusalReason): void {
    this.#total.labels(reason).inc()
  }
}
