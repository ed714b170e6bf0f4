import type { Completion } from './completion.ts'
import { type Place, ValueShape } from './value-shape.ts'

/** A list, each of whose elements is completed, also when one of them has made it null already. */
export class ListShape extends ValueShape {
  readonly #type: string
  readonly #element: ValueShape

  /** @param type as SDL writes it. */
  constructor(type: string, element: ValueShape, isNonNull: boolean, place: Place) {
    super(isNonNull, place)
    this.#type = type
    this.#element = element
  }

  complete(value: unknown, completion: Completion, depth: number): unknown {
    if (value === null || value === undefined) return this.missing(completion, depth)
    if (!Array.isArray(value)) {
      const where = completion.wayTo(depth)
      throw new Error(`Invalid non-list value at ${where} returned by subgraph for list type ${this.#type}`)
    }
    const completed = new Array<unknown>(value.length)
    let isNullified = false
    for (let index = 0; index < value.length; index += 1) {
      completion.keys[depth] = index
      const element = this.#element.complete(value[index], completion, depth + 1)
      if (element === undefined) isNullified = true
      completed[index] = element
    }
    return isNullified ? this.nullified() : completed
  }
}
