import type { FetchNode } from '@apollo/query-planner'
import type { ForwardedError } from '../../../platform/graphql-errors.ts'
import type { SubgraphResponse } from '../subgraph-response.ts'
import { ClientNames } from './client-names.ts'
import { DataRewrite } from './data-rewrites.ts'
import { merge } from './merge.ts'
import { MAX_ERRORS } from './plan-run.ts'
import { addError, errorAt } from './run-errors.ts'
import type { Targets } from './target-path.ts'
import type { TypeConditions } from './type-conditions.ts'

/** What becomes of the answer to a fetch that begins at a root type: all of it goes to every target. */
export class RootAnswer {
  readonly #rewrites: readonly DataRewrite[]
  readonly #names: ClientNames

  constructor({ outputRewrites }: FetchNode, conditions: TypeConditions) {
    this.#rewrites = DataRewrite.compileAll(outputRewrites, conditions)
    this.#names = new ClientNames(outputRewrites)
  }

  /** Whether the answer itself is changed before it is used. */
  get isRewritten(): boolean {
    return this.#rewrites.length > 0
  }

  /**
   * @param answer is written into, now and by later fetches.
   * @param add how it is added to what there is.
   */
  addTo(targets: Targets, { data, errors }: SubgraphResponse, runErrors: unknown[], add = merge): void {
    for (const error of errors ?? []) this.#addError(error, targets, runErrors)
    if (!data) return
    for (const rewrite of this.#rewrites) rewrite.apply(data)
    for (const object of targets.objects) add(object, data)
  }

  #addError(error: ForwardedError, targets: Targets, runErrors: unknown[]): void {
    if (!error.path) {
      addError(runErrors, errorAt(error, undefined))
      return
    }
    const path = this.#names.translate(error.path)
    for (const target of targets.objects.keys()) {
      if (runErrors.length > MAX_ERRORS) break
      addError(runErrors, errorAt(error, [...targets.pathOf(target), ...path]))
    }
  }
}
