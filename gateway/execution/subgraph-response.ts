import type { GraphQLDataSource } from '@apollo/gateway'
import type { GraphQLFormattedError } from 'graphql'

export type SubgraphResponse = Awaited<ReturnType<GraphQLDataSource['process']>>

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
    ...(errors.length > 0 && { errors: errors.map((error) => readError(error, representations)) }),
  }
}

function hasEntities(data: Record<string, unknown>, representations: number | undefined): boolean {
  if (representations === undefined) return true
  const { _entities: entities } = data
  return entities === null || (Array.isArray(entities) && entities.length === representations)
}

/** Paths that do not lead to a field of the client's operation are dropped: the executor would leak them half-translated. */
function readError(error: GraphQLFormattedError, representations: number | undefined): GraphQLFormattedError {
  const { message, path, extensions } = error
  const isPath = Array.isArray(path) && path.every((key) => typeof key === 'string' || typeof key === 'number')
  const leadsToField = isPath && (representations === undefined || typeof path[1] === 'number')
  return { message, ...(leadsToField && { path }), ...(isRecord(extensions) && { extensions }) }
}

function isError(value: unknown): value is GraphQLFormattedError {
  return isRecord(value) && typeof value.message === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
