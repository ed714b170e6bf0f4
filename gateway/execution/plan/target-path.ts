import { type JsonObject, readOwn } from './own-property.ts'

/** The path of one place in the answer. */
export type ResponsePath = (string | number)[]

/** In a path: every element of the list that is there. */
const EACH = '@'

/** The objects at a path, and where each of them is. */
export class Targets {
  readonly objects: JsonObject[] = []
  readonly #path: readonly string[]
  readonly #depth: number
  /** Of each object in turn, its index in each of the lists on the way. */
  readonly #indexes: number[] = []

  constructor(path: readonly string[]) {
    this.#path = path
    this.#depth = path.filter((key) => key === EACH).length
  }

  add(object: JsonObject, indexes: readonly number[]): void {
    this.objects.push(object)
    for (let level = 0; level < this.#depth; level += 1) this.#indexes.push(indexes[level] ?? 0)
  }

  /** Those with these numbers. */
  pick(targets: readonly number[]): Targets {
    const picked = new Targets(this.#path)
    for (const target of targets) {
      const first = target * this.#depth
      picked.add(this.objects[target] ?? {}, this.#indexes.slice(first, first + this.#depth))
    }
    return picked
  }

  /** The response path of the object with this number. */
  pathOf(target: number): ResponsePath {
    let next = target * this.#depth
    return this.#path.map((key) => {
      if (key !== EACH) return key
      next += 1
      return this.#indexes[next - 1] ?? 0
    })
  }
}

/** The path that a fetch adds to: response keys, and `@` for every element of a list; a list of lists has two. */
export class TargetPath {
  readonly keys: readonly string[]

  constructor(keys: readonly string[]) {
    this.keys = keys
  }

  /** The objects that are there now. What is null, or not of the shape that the path says, has none. */
  targetsIn(data: JsonObject): Targets {
    const targets = new Targets(this.keys)
    this.#collect(data, 0, [], targets)
    return targets
  }

  #collect(from: unknown, position: number, indexes: number[], targets: Targets): void {
    let value = from
    for (let at = position; at < this.keys.length; at += 1) {
      if (typeof value !== 'object' || value === null) return
      const key = this.keys[at] ?? EACH
      if (key === EACH) {
        this.#collectEach(value, at + 1, indexes, targets)
        return
      }
      value = Array.isArray(value) ? undefined : readOwn(value as JsonObject, key)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    targets.add(value as JsonObject, indexes)
  }

  #collectEach(list: object, position: number, indexes: number[], targets: Targets): void {
    if (!Array.isArray(list)) return
    for (let index = 0; index < list.length; index += 1) {
      indexes.push(index)
      this.#collect(list[index], position, indexes, targets)
      indexes.pop()
    }
  }
}
