import type { GraphQLFormattedError } from 'graphql'
import { ForwardedError } from '../../platform/graphql-errors.ts'

/** What a subgraph answered, as far as it concerns the client. */
export interface SubgraphResponse {
  readonly data: Record<string, unknown> | null
  readonly errors?: ForwardedError[]
}

/** A subgraph answered something that is not a GraphQL response. */
class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError'
}

/**
 * Checks that what a subgraph answered is a GraphQL response (GraphQL specification §7.1) that fits its request, so
 * that the executor can merge it without looking twice.
 *
 * @param representations how many entities were asked for; undefined when the request was not for entities.
 * @throws MalformedResponseError
 */
export function checkSubgraphResponse(body: unknown, representations?: number): SubgraphResponse {
  if (!isRecord(body)) throw new MalformedResponseError('not a JSON object')
  const { data, errors = [] } = body
  if (!Array.isArray(errors) || !errors.every(isError)) throw new MalformedResponseError('malformed errors')
  if (data === undefined || data === null) {
    if (errors.length === 0) throw new MalformedResponseError('neither data nor errors')
  } else if (!isRecord(data) || !hasEntities(data, representations)) {
    throw new MalformedResponseError('malformed data')
  }
  return {
    data: (data as Record<string, unknown> | null | undefined) ?? null,
    ...(errors.length > 0 && { errors: forwardedErrors(errors, representations) }),
  }
}

function hasEntities(data: Record<string, unknown>, representations: number | undefined): boolean {
  if (representations === undefined) return true
  const { _entities: entities } = data
  return entities === null || (Array.isArray(entities) && entities.length === representations)
}

/** Of one answer: more than one operation may have, so that it can say that there were too many. */
const MAX_ERRORS = 1_100

function forwardedErrors(errors: readonly GraphQLFormattedError[], representations?: number): ForwardedError[] {
  return errors.slice(0, MAX_ERRORS).map((error) => forwardedError(error, representations))
}

/**
 * An error as it may go on to the client. Without a code of its own it is masked later on: then nobody chose its words
 * for the client, and they may be those of a database driver.
 *
 * @param representations how many entities were asked for; undefined when the request was not for entities.
 */
export function forwardedError(error: GraphQLFormattedError, representations?: number): ForwardedError {
  const { message, path, extensions } = error
  const isPath = Array.isArray(path) && path.every((key) => typeof key === 'string' || typeof key === 'number')
  // A path that does not lead to a field of the client's operation would be leaked half-translated by the executor.
  const leadsToField = isPath && (representations === undefined || typeof path[1] === 'number')
  return new ForwardedError({ message, code: codeOf(extensions), path: leadsToField ? path : undefined })
}

/** What Apollo's gateway calls an error without a code: a subgraph may be one. */
const NO_CODE = 'DOWNSTREAM_SERVICE_ERROR'

function codeOf(extensions: unknown): string {
  const code = isRecord(extensions) ? extensions.code : undefined
  const isSafe = typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) && code !== NO_CODE
  return isSafe ? code : 'INTERNAL_SERVER_ERROR'
}

/** Whether it can be told to a client (GraphQL specification §7.1.2). */
export function isError(value: unknown): value is GraphQLFormattedError {
  return isRecord(value) && typeof value.message === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
