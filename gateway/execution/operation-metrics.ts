import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import type { Counter, Histogram } from 'prom-client'
import { TOP_LEVEL_CODES } from '../../platform/errors.ts'
import { codeOf, originalOf } from '../../platform/graphql-errors.ts'
import type { Logger } from '../../platform/logging.ts'
import { counter, DURATION_BUCKETS, histogram, type Metrics } from '../../platform/metrics.ts'
import { rootFieldOf } from '../../platform/root-field.ts'
import { type RefusalReason, Refusals, refusalOf } from '../protection/refusals.ts'
import { AbandonedError } from './deadline.ts'
import { TurnedAwayError } from './turned-away-error.ts'

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
  readonly #totals: Counter<'type' | 'field' | 'code'>
  readonly #durations: Histogram<'type' | 'field'>
  readonly #refusals: Refusals
  readonly #logger: Logger
  readonly #kinds = new WeakMap<OperationDefinitionNode, OperationKind>()

  constructor({ metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger }) {
    this.#totals = counter(metrics, {
      name: 'parley_gateway_operations_total',
      help:
        'Operations by type, root field and the code of their first error, OK, or ABANDONED where the client left; ' +
        'OVERLOADED or DRAINING where this process was too full to read them, or was stopping. A subscription counts ' +
        'when its subgraph has told something or has not refused it for a second, and again when it ends with an error.',
      labels: ['type', 'field', 'code'],
    })
    this.#durations = histogram(metrics, {
      name: 'parley_gateway_operation_duration_seconds',
      help:
        'How long operations took from their arrival to their answer; subscriptions until their subgraph was asked, ' +
        'or they ended without that.',
      labels: ['type', 'field'],
      buckets: DURATION_BUCKETS,
    })
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
    this.#durations.labels(type, field).observe(milliseconds / 1_000)
  }

  /** @param code one of those that are counted, of which there are a dozen. */
  count({ type, field }: OperationKind, code: string): void {
    this.#totals.labels(type, field, code).inc()
  }

  refused(reason: RefusalReason): void {
    this.#refusals.count(reason)
  }

  log(requestId: string, { type, field }: OperationKind, code: string, milliseconds: number): void {
    if (!this.#logger.isLevelEnabled('debug')) return
    const tookMs = Math.round(milliseconds)
    this.#logger.debug({ requestId, type, field, code, tookMs }, 'an operation was answered')
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
  /** After how many milliseconds its subgraph was asked, if it is a subscription. */
  #askedMs: number | undefined
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
    this.#code ??= countedCodeOf(error)
    this.#refusal ??= refusalOf(error)
  }

  /** It is refused, by an error that does not say which rule that is. */
  refused(reason: RefusalReason): void {
    this.#refusal ??= reason
  }

  /** It is a subscription, and its subgraph is asked for it; again changes nothing. */
  asked(): void {
    this.#askedMs ??= this.#spentMs()
  }

  /** It is a subscription, and open: it is counted now, and at its end only if that is an error. */
  opened(): void {
    if (this.#isOver || this.#isOpen) return
    this.#isOpen = true
    this.#metrics.took(this.#kind, this.#askedMs ?? this.#spentMs())
    this.#metrics.count(this.#kind, OK)
  }

  /** It is over; a second time changes nothing. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const wasAsked = this.#kind.type !== 'subscription' || this.#askedMs !== undefined
    const code = this.#code ?? (wasAsked ? OK : ABANDONED)
    if (!this.#isOpen) this.#metrics.took(this.#kind, this.#askedMs ?? this.#spentMs())
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

/** A code that is none of ours is a fault of the graph's. */
function countedCodeOf(error: unknown): string {
  const original = originalOf(error)
  if (original instanceof AbandonedError) return ABANDONED
  if (original instanceof TurnedAwayError) return original.countedAs
  const code = codeOf(error)
  return CODES.has(code) ? code : 'INTERNAL_SERVER_ERROR'
}
