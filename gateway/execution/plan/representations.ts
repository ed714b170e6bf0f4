import type { QueryPlanSelectionNode } from '@apollo/query-planner'
import type { DataRewrite } from './data-rewrites.ts'
import { type JsonObject, readOwn } from './own-property.ts'
import { RequiredSelection } from './required-selection.ts'
import type { TypeConditions } from './type-conditions.ts'

/** The entities that are asked for, equal ones once. */
export interface DistinctRepresentations {
  readonly list: JsonObject[]
  /** For each object its representation's place in the list; {@link NONE} when the object has none. */
  readonly placeOf: number[]
}

/** The place of what is not in the list. */
export const NONE = -1

/** Makes the representations of entities that a fetch requires, out of what is known of them. */
export class Representations {
  readonly #required: RequiredSelection
  readonly #rewrites: readonly DataRewrite[]

  /** @param rewrites change each representation before it is sent. */
  constructor(
    requires: readonly QueryPlanSelectionNode[],
    rewrites: readonly DataRewrite[],
    conditions: TypeConditions,
  ) {
    this.#required = RequiredSelection.ofEntity(requires, conditions)
    this.#rewrites = rewrites
  }

  /** An object has none when it is of another type, or when something that is required of it is missing. */
  of(objects: readonly JsonObject[]): DistinctRepresentations {
    const list: JsonObject[] = []
    const placeOf: number[] = []
    const places = new Places()
    for (const object of objects) {
      const place = this.#placeOf(object, places)
      if (place === list.length) list.push(this.#read(object))
      placeOf.push(place)
    }
    return { list, placeOf }
  }

  #placeOf(object: JsonObject, places: Places): number {
    const selection = this.#required.for(object)
    const place = selection.keys && places.ofScalars(selection, selection.keys, object)
    if (place !== undefined) return place
    const representation = selection.read(object)
    return representation?.__typename ? places.ofText(JSON.stringify(representation)) : NONE
  }

  #read(object: JsonObject): JsonObject {
    const representation = this.#required.for(object).read(object) ?? {}
    for (const rewrite of this.#rewrites) rewrite.apply(representation)
    return representation
  }
}

/** The place of each value of a key, or where the values of the next key lead to. */
interface Branches extends Map<unknown, Branches | number> {}

/** Numbers what comes, equal things alike. */
class Places {
  readonly #byScalars = new Map<object, Branches>()
  readonly #byText = new Map<string, number>()
  #count = 0

  /**
   * Of an object that is told apart by some of its values, which takes far less than by their text.
   *
   * @param group whose objects differ from those of others, be their values equal.
   * @returns undefined when one of the values is no scalar, {@link NONE} when one is missing.
   */
  ofScalars(group: object, keys: readonly string[], object: JsonObject): number | undefined {
    let branches = this.#byScalars.get(group) ?? added(this.#byScalars, group)
    const last = keys.length - 1
    for (let index = 0; index <= last; index += 1) {
      const value = readOwn(object, keys[index] ?? '')
      if (value === undefined) return NONE
      if (typeof value === 'object' && value !== null) return undefined
      const known = branches.get(value)
      if (index === last) return typeof known === 'number' ? known : this.#number(branches, value)
      branches = typeof known === 'object' ? known : added(branches, value)
    }
    return undefined
  }

  ofText(text: string): number {
    return this.#byText.get(text) ?? this.#number(this.#byText, text)
  }

  #number<Key>(places: Map<Key, Branches | number> | Map<Key, number>, key: Key): number {
    places.set(key, this.#count)
    this.#count += 1
    return this.#count - 1
  }
}

function added<Key>(to: Map<Key, Branches> | Map<Key, Branches | number>, key: Key): Branches {
  const branches: Branches = new Map()
  to.set(key, branches)
  return branches
}
