import { operationFromDocument } from '@apollo/federation-internals'
import type { QueryPlan } from '@apollo/query-planner'
import { type DocumentNode, getOperationAST } from 'graphql'
import type { Viewer } from '../../platform/access-token.ts'
import { ApplicationError } from '../../platform/errors.ts'
import { LruCache } from '../../platform/lru-cache.ts'
import { inSpan } from '../../platform/tracing/spans.ts'
import type { Denials } from '../authorization/denials.ts'
import { filterOperation } from '../authorization/operation-filter.ts'
import { fragmentsOf } from '../fragments-of.ts'
import { LimitExceededError } from '../protection/limit-exceeded-error.ts'
import type { LoadedSupergraph } from '../supergraph/supergraph.ts'
import { type ClientOperation, CompiledOperation } from './compiled-operation.ts'
import { DEFER_NOTHING, type DeferChoice, usesDefer } from './incremental-choice.ts'
import { type DeferredDocument, deferredDocument } from './incremental-document.ts'
import { PlanningMetrics } from './planning-metrics.ts'

/** What operations are planned and compiled with. */
export type PlanningSupergraph = Pick<
  LoadedSupergraph,
  'planner' | 'plannedSchema' | 'clientSchema' | 'joinedSchema' | 'authorization'
>

/**
 * All that are kept, in characters of their plans as JSON and of their documents, which count as {@link DOCUMENT_WEIGHT}
 * times as many. A compiled plan takes about ten times as many bytes as its JSON has characters, a parsed document a
 * hundred times, and what its fields are compiled to, for the four assignments of its conditions that are kept, another
 * two hundred: a hundred megabytes in all.
 */
const MAX_CHARACTERS = 1_000_000

const DOCUMENT_WEIGHT = 3

/** For so long an operation that could not be planned in time is not tried again, in milliseconds. */
const REFUSED_MS = 60_000
const MOST_REFUSED = 1_000

/** What was said of an operation that could not be planned in time. */
interface Refusal {
  readonly error: LimitExceededError
  readonly until: number
}

interface PlansOptions {
  readonly metrics?: PlanningMetrics
  readonly now?: () => number
}

/** Plans and compiles operations, once each as long as there is room for them. */
export class OperationPlans {
  readonly #supergraph: PlanningSupergraph
  readonly #operations = new LruCache<CompiledOperation>(MAX_CHARACTERS)
  readonly #refused = new LruCache<Refusal>(MOST_REFUSED)
  readonly #metrics: PlanningMetrics
  readonly #now: () => number

  /** @param options.now in milliseconds, of a clock that never goes back. */
  constructor(
    supergraph: PlanningSupergraph,
    { metrics = new PlanningMetrics(), now = () => performance.now() }: PlansOptions = {},
  ) {
    this.#supergraph = supergraph
    this.#metrics = metrics
    this.#now = now
  }

  /** How many are kept. */
  get size(): number {
    return this.#operations.size
  }

  /**
   * @param hash of the document's source; short, because it is kept.
   * @param document valid.
   * @param viewer who asks, null for somebody anonymous: it is compiled once for all who may see the same of it.
   * @param choice which of its fragments are deferred.
   * @throws what {@link compileOperation} throws.
   */
  of(
    hash: string,
    document: DocumentNode,
    operationName: string | undefined,
    viewer: Viewer | null = null,
    choice: DeferChoice = DEFER_NOTHING,
  ): CompiledOperation {
    const denials = this.#supergraph.authorization?.denialsOf(document, operationName, viewer)
    const key = `${operationName ?? ''} ${hash} ${denials?.key ?? ''} ${choice.key}`
    const known = this.#operations.get(key)
    if (known) {
      this.#metrics.cache.hit()
      return known
    }
    this.#metrics.cache.miss()
    const operation = this.#unlessRefused(key, () =>
      compileOperation(this.#supergraph, document, operationName, denials, choice),
    )
    // One too large to be kept would be planned again for each request, which takes far more than its room.
    const characters = JSON.stringify(operation.queryPlan).length + DOCUMENT_WEIGHT * (document.loc?.end ?? 0)
    const weight = Math.min(characters, MAX_CHARACTERS / 10)
    this.#operations.set(key, operation, weight)
    return operation
  }

  /** To look for a plan in vain holds the whole process for half a second, which must not be had for the asking. */
  #unlessRefused(key: string, compile: () => CompiledOperation): CompiledOperation {
    const refusal = this.#refused.get(key)
    if (refusal && this.#now() < refusal.until) throw refusal.error
    try {
      return this.#metrics.time(compile)
    } catch (error) {
      if (error instanceof LimitExceededError) this.#refused.set(key, { error, until: this.#now() + REFUSED_MS }, 1)
      throw error
    }
  }
}

/**
 * Plans and compiles one operation of a valid document.
 *
 * @param operationName undefined when there is only one.
 * @param denials what its viewer may not see: that is not planned, and so never fetched.
 * @param choice which of its fragments are deferred.
 * @throws BadUserInputError when the document has no such operation, or one that cannot be run as it is written.
 * @throws LimitExceededError when what the viewer may see takes too long to plan, or too many fragments are deferred.
 * @throws Error when the query planner fails.
 */
export function compileOperation(
  supergraph: PlanningSupergraph,
  source: DocumentNode,
  operationName: string | undefined,
  denials?: Denials | undefined,
  choice: DeferChoice = DEFER_NOTHING,
): CompiledOperation {
  const { document, labels } = withChoice(source, operationName, choice)
  const client = clientOperation(document, operationName)
  try {
    const { operation, fragments } = client
    const allowed = denials ? filterOperation(supergraph.clientSchema, operation, fragments, denials) : document
    const plan = allowed ? planOf(supergraph, allowed, operationName) : NOTHING_TO_FETCH
    return new CompiledOperation(supergraph, client, plan, denials, labels)
  } catch (cause) {
    // The planner's own errors would pass for those of the client's document.
    throw cause instanceof ApplicationError ? cause : new Error('The operation cannot be planned.', { cause })
  }
}

const NOTHING_TO_FETCH: QueryPlan = { kind: 'QueryPlan' }

function withChoice(document: DocumentNode, operationName: string | undefined, choice: DeferChoice): DeferredDocument {
  return usesDefer(document) ? deferredDocument(document, operationName, choice) : { document, labels: [] }
}

function planOf(
  { planner, plannedSchema }: PlanningSupergraph,
  document: DocumentNode,
  operationName: string | undefined,
): QueryPlan {
  const plan = () =>
    planner.buildQueryPlan(operationFromDocument(plannedSchema, document, operationName ? { operationName } : {}))
  return inSpan(() => ({ part: 'gateway', name: 'plan' }), plan)
}

function clientOperation(document: DocumentNode, operationName: string | undefined): ClientOperation {
  const operation = getOperationAST(document, operationName)
  if (!operation) throw new Error('The document has no such operation.')
  return { operation, fragments: fragmentsOf(document) }
}
