import type { GraphQLError } from 'graphql'
import type { Position } from './denied-positions.ts'
import { unauthorizedError } from './unauthorized-error.ts'

/** A response path, with the indices of lists. */
type ResponsePath = readonly (string | number)[]

/** So many errors of one answer, each of a path of its own. */
const MAX_ERRORS = 100

/**
 * The errors that tell a client what was denied: each where its answer has null for it; and what could not be met,
 * because what it would be in is null itself or a list without elements, where the answer ends on the way there.
 *
 * @param data of the answer.
 * @param met where something was denied in the answer.
 * @param positions what the operation selects that is denied.
 */
export function unauthorizedErrors(
  data: unknown,
  met: readonly ResponsePath[],
  positions: readonly Position[],
): readonly GraphQLError[] {
  const paths = new Map<string, ResponsePath>()
  for (const path of met) paths.set(JSON.stringify(path), path)
  const seen = new Set(met.map((path) => JSON.stringify(withoutIndices(path))))
  for (const position of positions) {
    if (isSeen(seen, position)) continue
    const end = data === null ? position.slice(0, 1) : wayEnd(data, position, [])
    if (end) paths.set(JSON.stringify(end), end)
  }
  return [...paths.values()].slice(0, MAX_ERRORS).map((path) => unauthorizedError(path))
}

/** Whether it, or what it is in, was met. */
function isSeen(seen: ReadonlySet<string>, position: Position): boolean {
  return position.some((_key, index) => seen.has(JSON.stringify(position.slice(0, index + 1))))
}

function withoutIndices(path: ResponsePath): readonly string[] {
  return path.filter((key) => typeof key === 'string')
}

/**
 * Where the answer ends on the way to a position.
 *
 * @returns undefined when there is an object that the position is of, or that is of a type of which it is not selected.
 */
function wayEnd(value: unknown, [key, ...rest]: Position, path: ResponsePath): ResponsePath | undefined {
  if (value === null) return path
  if (Array.isArray(value)) return endInList(value, key === undefined ? [] : [key, ...rest], path)
  if (key === undefined || typeof value !== 'object') return undefined
  const own = Object.hasOwn(value as object, key)
  return own ? wayEnd((value as Record<string, unknown>)[key], rest, [...path, key]) : undefined
}

function endInList(list: readonly unknown[], position: Position, path: ResponsePath): ResponsePath | undefined {
  if (list.length === 0) return path
  let first: ResponsePath | undefined
  for (const [index, element] of list.entries()) {
    const end = wayEnd(element, position, [...path, index])
    if (!end) return undefined
    first ??= end
  }
  return first
}
