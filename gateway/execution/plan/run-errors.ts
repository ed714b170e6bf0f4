import { GraphQLError } from 'graphql'
import type { ForwardedError } from '../../../platform/graphql-errors.ts'
import { LimitExceededError } from '../../protection/limit-exceeded-error.ts'
import { MAX_ERRORS } from './plan-run.ts'
import type { ResponsePath } from './target-path.ts'

/** Adds an error to those of an operation, as long as they are not too many. */
export function addError(errors: unknown[], error: unknown): void {
  if (errors.length > MAX_ERRORS) return
  errors.push(errors.length < MAX_ERRORS ? error : tooMany())
}

function tooMany(): LimitExceededError {
  const message = `There are more errors than these ${MAX_ERRORS}; ask for less at once to see them all.`
  return new LimitExceededError('errors', message)
}

/** What a subgraph said, with the path that it has in the client's operation. */
export function errorAt(originalError: ForwardedError, path: ResponsePath | undefined): GraphQLError {
  return new GraphQLError(originalError.message, { originalError, path })
}

/** Why a whole fetch failed. Its path is given when it leads to one field, not to the elements of a list. */
export function failureAt(reason: unknown, path: readonly string[]): GraphQLError {
  const originalError = reason instanceof Error ? reason : new Error(String(reason))
  const isPath = path.length > 0 && !path.includes('@')
  return new GraphQLError(originalError.message, { originalError, ...(isPath && { path }) })
}
