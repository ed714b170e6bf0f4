import type { Completion } from './completion.ts'
import type { ObjectShape } from './object-shape.ts'
import { type Place, ValueShape } from './value-shape.ts'

/**
 * The shape of objects of a type.
 *
 * @param typename undefined when the data do not say it.
 * @returns undefined when clients do not know such a type of objects.
 */
export type ShapeResolver = (typename: string | undefined) => ObjectShape | undefined

/** An object, an interface or a union: whatever the type of its value says is selected of it. */
export class CompositeShape extends ValueShape {
  readonly #type: string
  readonly #resolve: ShapeResolver
  readonly #shapes = new Map<string | undefined, ObjectShape>()
  /** Most lists are of one type. */
  #recent: { readonly typename: string | undefined; readonly shape: ObjectShape } | undefined

  /** @param type as it is called where it is declared. */
  constructor(type: string, resolve: ShapeResolver, isNonNull: boolean, place: Place) {
    super(isNonNull, place)
    this.#type = type
    this.#resolve = resolve
  }

  complete(value: unknown, completion: Completion, depth: number): unknown {
    if (value === null || value === undefined) return this.missing(completion, depth)
    if (typeof value !== 'object') {
      const where = completion.wayTo(depth)
      throw new Error(`Invalid non-object value at ${where} returned by subgraph for composite type ${this.#type}`)
    }
    const { __typename: typename } = value as { __typename?: unknown }
    const recent = this.#recent
    const shape = recent && recent.typename === typename ? recent.shape : this.#shapeOf(typename, completion, depth)
    if (!shape) return this.unfit('__typename found for object at', completion, depth)
    return shape.complete(value as Record<string, unknown>, completion, depth) ?? this.nullified()
  }

  #shapeOf(typename: unknown, completion: Completion, depth: number): ObjectShape | undefined {
    if (typename !== undefined && typeof typename !== 'string') {
      throw new Error(`Invalid non-string value for __typename at ${completion.wayTo(depth)}`)
    }
    const shape = this.#shapes.get(typename) ?? this.#resolve(typename || undefined)
    if (!shape) return undefined
    this.#shapes.set(typename, shape)
    this.#recent = { typename, shape }
    return shape
  }
}
