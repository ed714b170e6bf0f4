import type { Completion } from './completion.ts'

/** Says in the words of a fault where a value stands: a field, or an element of a list at an index. */
export type Place = (key: string | number | undefined) => string

/**
 * How a value of one type is completed (GraphQL specification §6.4.3), as far as that is left to do: its subgraph has
 * completed it by a schema of its own already. Null where it must not be makes its parent null, up to one that may be.
 */
export abstract class ValueShape {
  readonly #isNonNull: boolean
  readonly #place: Place

  constructor(isNonNull: boolean, place: Place) {
    this.#isNonNull = isNonNull
    this.#place = place
  }

  /**
   * @param value is read and never written: several places of the answer may share it.
   * @param depth how many keys of the completion lead to it.
   * @returns undefined when it is null and must not be; that has been told as a fault.
   * @throws Error for what no subgraph that knows its own schema answers.
   */
  abstract complete(value: unknown, completion: Completion, depth: number): unknown

  /** For a value that its subgraph gave as null. */
  protected missing(completion: Completion, depth: number): null | undefined {
    if (!this.#isNonNull) return null
    completion.fault(`Cannot return null for non-nullable ${this.#placeOf(completion, depth)}.`, depth)
    return undefined
  }

  /** For a value that is null because of a fault in it that has been told. */
  protected nullified(): null | undefined {
    return this.#isNonNull ? undefined : null
  }

  /** For a value that does not fit its type. */
  protected unfit(what: string, completion: Completion, depth: number): null | undefined {
    completion.fault(`Invalid ${what} ${this.#placeOf(completion, depth)}.`, depth)
    return this.nullified()
  }

  #placeOf({ keys }: Completion, depth: number): string {
    return this.#place(keys[depth - 1])
  }
}
