import type { Completion } from './completion.ts'
import type { ValueShape } from './value-shape.ts'

/** One field of an object of the answer. */
export interface ShapedField {
  readonly responseName: string
  readonly value: ValueShape
}

/**
 * What a client gets an object in. It inherits nothing, so that a field may have any name, `__proto__` too; other than
 * one of `Object.create(null)` it is no hash table, which takes twice as long to write as JSON.
 */
const ResponseObject = function ResponseObject() {} as unknown as new () => Record<string, unknown>
ResponseObject.prototype = Object.create(null)

/** The fields of an object of one runtime type, in the order of the answer. */
export class ObjectShape {
  readonly #fields: readonly ShapedField[]
  /** Whether data must be asked if a field is its own: its name is one that every object of JavaScript inherits. */
  readonly #isInherited: readonly boolean[]

  constructor(fields: readonly ShapedField[]) {
    this.#fields = fields
    this.#isInherited = fields.map(({ responseName }) => responseName in Object.prototype)
  }

  /** @returns undefined when the object is null, because of a field that is null and must not be. */
  complete(
    data: Readonly<Record<string, unknown>>,
    completion: Completion,
    depth: number,
  ): Record<string, unknown> | undefined {
    const fields = this.#fields
    const completed = new ResponseObject()
    for (let index = 0; index < fields.length; index += 1) {
      const { responseName, value } = fields[index] as ShapedField
      const isAbsent = this.#isInherited[index] && !Object.hasOwn(data, responseName)
      completion.keys[depth] = responseName
      const field = value.complete(isAbsent ? undefined : data[responseName], completion, depth + 1)
      if (field === undefined) return undefined
      completed[responseName] = field
    }
    return completed
  }
}
