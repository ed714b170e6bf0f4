import { type GraphQLLeafType, isEnumType, isSpecifiedScalarType } from 'graphql'
import type { Completion } from './completion.ts'
import { type Place, ValueShape } from './value-shape.ts'

type Check = (value: unknown) => boolean

/** A scalar or an enum. */
export class LeafShape extends ValueShape {
  readonly #fits: Check

  constructor(type: GraphQLLeafType, isNonNull: boolean, place: Place) {
    super(isNonNull, place)
    this.#fits = checkOf(type)
  }

  complete(value: unknown, completion: Completion, depth: number): unknown {
    if (value === null || value === undefined) return this.missing(completion, depth)
    return this.#fits(value) ? value : this.unfit('value found for', completion, depth)
  }
}

/** What JSON may say for a value of a type; of a scalar that only subgraphs know, anything. */
function checkOf(type: GraphQLLeafType): Check {
  if (isEnumType(type)) {
    const names = new Set<unknown>(type.getValues().map(({ name }) => name))
    return (value) => names.has(value)
  }
  const check = isSpecifiedScalarType(type) ? SPECIFIED[type.name] : undefined
  return check ?? (() => true)
}

const SPECIFIED: Readonly<Record<string, Check>> = {
  String: (value) => typeof value === 'string',
  ID: (value) => typeof value === 'string' || isInteger(value),
  Int: isInteger,
  Float: (value) => Number.isFinite(value),
  Boolean: (value) => typeof value === 'boolean',
}

/** From 1e21 on JavaScript writes a number with an exponent. */
function isInteger(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21
}
