import { type DocumentNode, getOperationAST, type OperationDefinitionNode } from 'graphql'
import type { Counter, Histogram } from 'prom-client'
import { TOP_LEVEL_CODES } from '../errors.ts'
import type { Logger } from '../logging.ts'
import { counter, createMetrics, DURATION_BUCKETS, histogram, type Metrics } from '../metrics.ts'
import { rootFieldOf } from '../root-field.ts'

/** The code of an operation without errors. */
const OK = 'OK'
const CODES: ReadonlySet<string> = new Set([OK, ...TOP_LEVEL_CODES])

/** What operations with the same root field have in common: here they are counted. */
interface OperationMeter {
  /**
   * Counts one.
   *
   * @param code of its first error; `OK` when not given.
   */
  count(code?: string): void
  /** @param beganAt when it came, on the clock of `performance.now()`. */
  took(beganAt: number): void
  /** Logs one at debug, with what `count` and `took` are told. */
  log(code: string | undefined, beganAt: number): void
}

/**
 * Counts one operation, and measures until the first time it is called.
 *
 * @param code of its first error; `OK` when not given.
 */
export type CountOperation = (code?: string) => void

/** @param beganAt when the operation came, on the clock of `performance.now()`. */
export function countOn(meter: OperationMeter, beganAt: number): CountOperation {
  let isFirst = true
  return (code) => {
    if (isFirst) meter.took(beganAt)
    isFirst = false
    meter.count(code)
    meter.log(code, beganAt)
  }
}

/**
 * Counts the operations of a subgraph by what they ask for: their type and root field, which the schema bounds, never by
 * what a client calls them. `several` stands for more than one root field, `introspection` for questions about the
 * schema, and `unknown` for operations that were refused before it was known.
 */
export class OperationMetrics {
  /** For operations of which nothing is known. */
  readonly unknown: OperationMeter
  readonly #totals: Counter<'type' | 'field' | 'code'>
  readonly #durations: Histogram<'type' | 'field'>
  readonly #meters = new Map<string, OperationMeter>()
  readonly #known = new WeakMap<OperationDefinitionNode, OperationMeter>()
  readonly #logger: Logger | undefined

  /** @param metrics a collection of its own when not given. */
  constructor(metrics: Metrics = createMetrics(), logger?: Logger) {
    this.#logger = logger
    this.#totals = counter(metrics, {
      name: 'parley_subgraph_operations_total',
      help:
        'Operations by type, root field and the code of their first error, or OK. A subscription counts when it opens, ' +
        'and once more when it ends with an error. What is refused over HTTP for its signature or token counts in ' +
        'parley_http_requests_total alone.',
      labels: ['type', 'field', 'code'],
    })
    this.#durations = histogram(metrics, {
      name: 'parley_subgraph_operation_duration_seconds',
      help:
        'How long operations took to be executed; subscriptions how long to open. Without those that were refused over a ' +
        'socket, and bodies that are no operation.',
      labels: ['type', 'field'],
      buckets: DURATION_BUCKETS,
    })
    this.unknown = this.#meter('unknown', 'unknown')
  }

  /** @param operation one that is valid. */
  of(operation: OperationDefinitionNode, document: DocumentNode): OperationMeter {
    const known = this.#known.get(operation)
    if (known) return known
    const meter = this.#meter(operation.operation, rootFieldOf(operation, document))
    this.#known.set(operation, meter)
    return meter
  }

  /** As `of`, for the one operation of a document that is to run; `unknown` when it has none by that name. */
  named(document: DocumentNode, operationName: string | null | undefined): OperationMeter {
    const operation = getOperationAST(document, operationName)
    return operation ? this.of(operation, document) : this.unknown
  }

  #meter(type: string, field: string): OperationMeter {
    const key = `${type} ${field}`
    const meter = this.#meters.get(key) ?? this.#newMeter(type, field)
    this.#meters.set(key, meter)
    return meter
  }

  #newMeter(type: string, field: string): OperationMeter {
    const duration = this.#durations.labels(type, field)
    return {
      count: (code = OK) => this.#totals.labels(type, field, CODES.has(code) ? code : 'INTERNAL_SERVER_ERROR').inc(),
      took: (beganAt) => duration.observe((performance.now() - beganAt) / 1_000),
      log: (code = OK, beganAt) => {
        if (!this.#logger?.isLevelEnabled('debug')) return
        const tookMs = Math.round(performance.now() - beganAt)
        this.#logger.debug({ type, field, code, tookMs }, 'an operation was answered')
      },
    }
  }
}

/** The code of an operation's first error; none without errors. */
export function codeOfFirst(errors: readonly { readonly extensions?: { readonly code?: unknown } }[] | undefined) {
  if (!errors?.length) return undefined
  const code = errors[0]?.extensions?.code
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR'
}
