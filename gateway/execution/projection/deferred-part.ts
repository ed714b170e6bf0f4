import type { GraphQLError } from 'graphql'
import { unauthorizedErrors } from '../../authorization/unauthorized-paths.ts'
import { Completion, type DeferredObject } from './completion.ts'

type Path = readonly (string | number)[]

/** What one part of an answer is projected to. */
export interface ProjectedPart {
  readonly data: Record<string, unknown> | null
  readonly faults: GraphQLError[]
  readonly denied?: readonly GraphQLError[] | undefined
  /** What comes later; nothing of what is null. */
  readonly deferred: readonly DeferredPart[]
}

/** A part of an answer that comes after the part that its object is in: one deferred fragment on one object. */
export class DeferredPart {
  /** Of the `@defer` in its operation. */
  readonly number: string
  readonly path: Path
  readonly #object: DeferredObject

  constructor(object: DeferredObject) {
    this.number = object.fragment.number
    this.path = object.path
    this.#object = object
  }

  /**
   * What the client gets of it, see {@link Projection.project}.
   *
   * @param data all that was fetched.
   */
  project(data: Readonly<Record<string, unknown>>, variables: Readonly<Record<string, unknown>>): ProjectedPart {
    const completion = new Completion(variables)
    completion.keys.push(...this.path)
    const object = objectAt(data, this.path)
    const projected = (object && this.#object.fragment.complete(object, completion, this.path.length)) ?? null
    const { faults, denied } = completion
    return {
      data: projected,
      faults,
      ...(denied.length > 0 && { denied: unauthorizedErrors(projected, denied, []) }),
      deferred: partsOf(projected, this.path.length, completion),
    }
  }
}

/**
 * The parts that come later, but for those of objects that have become null with what they are in.
 *
 * @param depth of the data in the answer.
 */
export function partsOf(
  projected: Readonly<Record<string, unknown>> | null,
  depth: number,
  { deferred }: Completion,
): DeferredPart[] {
  if (!projected) return []
  return deferred
    .filter(({ path }) => objectAt(projected, path.slice(depth)) !== undefined)
    .map((object) => new DeferredPart(object))
}

function objectAt(data: Readonly<Record<string, unknown>>, path: Path): Record<string, unknown> | undefined {
  let value: unknown = data
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string | number, unknown>)[key]
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}
