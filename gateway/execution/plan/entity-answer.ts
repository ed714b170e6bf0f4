import type { FetchNode } from '@apollo/query-planner'
import type { ForwardedError } from '../../../platform/graphql-errors.ts'
import type { SubgraphResponse } from '../subgraph-response.ts'
import { ClientNames } from './client-names.ts'
import { DataRewrite } from './data-rewrites.ts'
import { merge } from './merge.ts'
import { isJsonObject, type JsonObject } from './own-property.ts'
import { MAX_ERRORS } from './plan-run.ts'
import { NONE } from './representations.ts'
import { addError, errorAt } from './run-errors.ts'
import type { Targets } from './target-path.ts'
import type { TypeConditions } from './type-conditions.ts'

/** What becomes of the answer to a fetch of entities: each goes to the targets that had its representation. */
export class EntityAnswer {
  readonly #rewrites: readonly DataRewrite[]
  readonly #names: ClientNames
  readonly #conditions: TypeConditions

  constructor({ outputRewrites }: FetchNode, conditions: TypeConditions) {
    this.#rewrites = DataRewrite.compileAll(outputRewrites, conditions)
    this.#names = new ClientNames(outputRewrites)
    this.#conditions = conditions
  }

  /**
   * @param placeOf for each target, the place of its entity in the answer.
   * @param answer is written into, now and by later fetches.
   * @param add how it is added to what there is.
   */
  addTo(
    targets: Targets,
    placeOf: readonly number[],
    { data, errors }: SubgraphResponse,
    runErrors: unknown[],
    add = merge,
  ): void {
    for (const error of errors ?? []) {
      if (runErrors.length > MAX_ERRORS) break
      this.#addError(error, targets, placeOf, runErrors)
    }
    const entities = data?._entities
    if (!Array.isArray(entities)) return
    if (this.#rewrites.length > 0) this.#rewrite(entities, targets, placeOf)
    let last: JsonObject | undefined
    let keys: readonly string[] = []
    for (let target = 0; target < placeOf.length; target += 1) {
      const object = targets.objects[target]
      const entity = entities[placeOf[target] ?? NONE]
      if (!object || !isJsonObject(entity)) continue
      this.#keepType(entity, object)
      if (entity !== last) keys = Object.keys(entity)
      last = entity
      add(object, entity, keys)
      // Of the interface alone so far, for a part that replaces nothing else.
      if (add !== merge && entity.__typename) object.__typename = entity.__typename
    }
  }

  /** For a subgraph with `@interfaceObject` an object is of the interface; another subgraph may know its type already. */
  #keepType(entity: JsonObject, { __typename: known }: JsonObject): void {
    if (known && entity.__typename !== known && this.#conditions.isInterface(entity.__typename))
      entity.__typename = known
  }

  /** Rewrites depend on types; an entity that was not asked for its own has that of its targets. */
  #rewrite(entities: readonly unknown[], targets: Targets, placeOf: readonly number[]): void {
    const rewritten = new Set<number>([NONE])
    for (const [target, place] of placeOf.entries()) {
      const entity = entities[place]
      if (rewritten.has(place) || !isJsonObject(entity)) continue
      rewritten.add(place)
      if (!entity.__typename) entity.__typename = targets.objects[target]?.__typename
      for (const rewrite of this.#rewrites) rewrite.apply(entity)
    }
  }

  /** An error of an entity is told at each place where that entity is; another one has no path that a client knows. */
  #addError(error: ForwardedError, targets: Targets, placeOf: readonly number[], runErrors: unknown[]): void {
    const [, place, ...below] = error.path ?? []
    const path = this.#names.translate(below)
    let isPlaced = false
    for (let target = 0; target < placeOf.length; target += 1) {
      if (placeOf[target] !== place) continue
      if (runErrors.length > MAX_ERRORS) return
      isPlaced = true
      addError(runErrors, errorAt(error, [...targets.pathOf(target), ...path]))
    }
    if (!isPlaced) addError(runErrors, errorAt(error, undefined))
  }
}
