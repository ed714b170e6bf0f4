import { LimitExceededError } from './limit-exceeded-error.ts'
import { listTooLong, MAX_LIST_LENGTH } from './list-limit.ts'

/**
 * Keys of one object. The operation that is wanted may know none of them, and then each is a fault of its own that takes
 * as long to be told of as the whole object is large.
 */
const MAX_KEYS = 100

/** JSON can be parsed at any depth, but not be written again. */
const MAX_DEPTH = 100

/**
 * Looks at the variables of a request, or its extensions, level by level, without recursion.
 *
 * @throws LimitExceededError when a list or an object in them is too long, or they are nested too deep.
 */
export function checkInput(input: unknown, where: 'variables' | 'extensions'): void {
  let level = [input].filter(isObject)
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new LimitExceededError(
        'input',
        `The ${where} are nested more than ${MAX_DEPTH} levels deep, which is the limit.`,
      )
    }
    level = level.flatMap((value) => valuesOf(value, where)).filter(isObject)
  }
}

function valuesOf(value: object, where: 'variables' | 'extensions'): unknown[] {
  if (Array.isArray(value) && value.length > MAX_LIST_LENGTH) throw listTooLong(where, value.length)
  const values = Object.values(value)
  if (!Array.isArray(value) && values.length > MAX_KEYS) {
    throw new LimitExceededError(
      'input',
      `An object in the ${where} has ${values.length} keys; the limit is ${MAX_KEYS}.`,
    )
  }
  return values
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
