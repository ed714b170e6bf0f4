import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import type { Counter, Histogram } from 'prom-client'
import { TOP_LEVEL_CODES } from '../../platform/errors.ts'
import { codeOf, originalOf } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { counter, DURATION_BUCKETS, histogram, type Metrics, seriesOf } from '../../platform/metrics.ts'
import { rootFieldOf } from '../../platform/root-field.ts'
import { type RefusalReason, Refusals, refusalOf } from '../protection/refusals.ts'
import { AbandonedError } from './deadline.ts'

/** What an operation asks for, in words that the schema bounds: nothing of it is the client's own. */
export interface OperationKind {
  readonly type: 'query' | 'mutation' | 'subscription' | 'unknown'
  /** See {@link rootFieldOf}. */
  readonly field: string
}

const UNKNOWN: OperationKind = { type: 'unknown', field: 'unknown' }

/** The code of an operation without errors, and of one whose client did not wait for its answer. */
const OK = 'OK'
const ABANDONED = 'ABANDONED'
const CODES: ReadonlySet<string> = new Set(TOP_LEVEL_CODES)

/** Counts and measures clients' operations, on every transport. */
export class OperationMetrics {
  readonly #totalOf: (...values: string[]) => Counter.Internal
  readonly #durationOf: (...values: string[]) => Histogram.Internal<'type' | 'field'>
  readonly #refusals: Refusals
  readonly #logger: Logger
  readonly #kinds = new WeakMap<OperationDefinitionNode, OperationKind>()

  constructor({ metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger }) {
    const totals = counter(metrics, {
      name: 'parley_gateway_operations_total',
      help:
        'Operations by type, root field and the code of their first error, OK, or ABANDONED where the client left. ' +
        'A subscription counts when it opens, and once more when it ends with an error.',
      labels: ['type', 'field', 'code'],
    })
    const durations = histogram(metrics, {
      name: 'parley_gateway_operation_duration_seconds',
      help: 'How long operations took from their arrival to their answer; subscriptions how long to open.',
      labels: ['type', 'field'],
      buckets: DURATION_BUCKETS,
    })
    this.#totalOf = seriesOf(totals)
    this.#durationOf = seriesOf(durations)
    this.#refusals = new Refusals(metrics)
    this.#logger = logger
  }

  /** An operation has arrived, of which nothing is known yet. */
  begin(requestId: string): MeasuredOperation {
    return new MeasuredOperation(requestId, this)
  }

  /** What an operation of a valid document asks for. */
  kindOf(operation: OperationDefinitionNode, document: DocumentNode): OperationKind {
    const known = this.#kinds.get(operation)
    if (known) return known
    const kind = { type: operation.operation, field: rootFieldOf(operation, document) }
    this.#kinds.set(operation, kind)
    return kind
  }

  took({ type, field }: OperationKind, milliseconds: number): void {
    this.#durationOf(type, field).observe(milliseconds / 1_000)
  }

  /** @param code OK, ABANDONED or any code of an error; one that is none of ours is a fault of the graph's. */
  count({ type, field }: OperationKind, code: string): void {
    const known = code === OK || code === ABANDONED || CODES.has(code) ? code : 'INTERNAL_SERVER_ERROR'
    this.#totalOf(type, field, known).inc()
  }

  refused(reason: RefusalReason): void {
    this.#refusals.count(reason)
  }

  log(requestId: string, { type, field }: OperationKind, code: string, durationMs: number): void {
    if (!this.#logger.isLevelEnabled('debug')) return
    this.#logger.debug({ requestId, type, field, code, durationMs: Math.round(durationMs) }, 'operation')
  }
}

/** One operation, from its arrival until it is counted. */
export class MeasuredOperation {
  readonly #requestId: string
  readonly #metrics: OperationMetrics
  readonly #since = performance.now()
  #kind = UNKNOWN
  #code: string | undefined
  #refusal: RefusalReason | undefined
  #isOpen = false
  #isOver = false

  constructor(requestId: string, metrics: OperationMetrics) {
    this.#requestId = requestId
    this.#metrics = metrics
  }

  get kind(): OperationKind {
    return this.#kind
  }

  /** It is another one's answer that is given. */
  isLike(kind: OperationKind): void {
    this.#kind = kind
  }

  /** What it asks for is known, because its document is valid. */
  accepted({ operation, document }: { operation: OperationDefinitionNode; document: DocumentNode }): void {
    this.#kind = this.#metrics.kindOf(operation, document)
  }

  /** Something went wrong, as it was thrown; what is told first is what is counted. */
  failed(error: unknown): void {
    this.#code ??= originalOf(error) instanceof AbandonedError ? ABANDONED : codeOf(error)
    this.#refusal ??= refusalOf(error)
  }

  /** It is refused, by an error that does not say which rule that is. */
  refused(reason: RefusalReason): void {
    this.#refusal ??= reason
  }

  /** It is a subscription, and open: it is counted now, and at its end only if that is an error. */
  opened(): void {
    this.#metrics.took(this.#kind, this.#spentMs())
    this.#metrics.count(this.#kind, OK)
    this.#isOpen = true
  }

  /** It is over; a second time changes nothing. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const code = this.#code ?? OK
    if (!this.#isOpen) this.#metrics.took(this.#kind, this.#spentMs())
    if (!this.#isOpen || code !== OK) this.#metrics.count(this.#kind, code)
    if (this.#refusal) this.#metrics.refused(this.#refusal)
    this.#metrics.log(this.#requestId, this.#kind, code, this.#spentMs())
  }

  /**
   * It is over because of an error.
   *
   * @throws the error.
   */
  fail(error: unknown): never {
    this.failed(error)
    this.end()
    throw error
  }

  #spentMs(): number {
    return performance.now() - this.#since
  }
}
