import { LimitExceededError } from './limit-exceeded-error.ts'
import { listTooLong, MAX_LIST_LENGTH } from './list-limit.ts'

/** JSON can be parsed at any depth, but not be written again. */
const MAX_DEPTH = 100

/**
 * Looks at variables level by level, without recursion.
 *
 * @throws LimitExceededError when a list in them is too long, or they are nested too deep.
 */
export function checkVariables(variables: unknown): void {
  let level = [variables].filter(isObject)
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new LimitExceededError(`The variables are nested more than ${MAX_DEPTH} levels deep, which is the limit.`)
    }
    level = level.flatMap(valuesOf).filter(isObject)
  }
}

function valuesOf(value: object): unknown[] {
  if (Array.isArray(value) && value.length > MAX_LIST_LENGTH) throw listTooLong('variables', value.length)
  return Object.values(value)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
