import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql'
import { isDatabaseAway } from './database-away.ts'
import { ApplicationError, SubgraphUnavailableError, TOP_LEVEL_CODES } from './errors.ts'
import type { Logger } from './logging.ts'

/** Codes that graphql servers and the stock gateway use for a request that was wrong before it ran. */
const REQUEST_WAS_WRONG = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_SUPPORTED',
])

const MASKED_MESSAGE = 'Something went wrong on our side; quote the requestId when you report it.'

/** An error that another service of the graph answered. That service has logged what is behind it. */
export class ForwardedError extends Error {
  override readonly name = 'ForwardedError'
  /** In capitals; not necessarily one of ours, because any graph can be served. */
  readonly code: string
  readonly path?: readonly (string | number)[]

  constructor(error: { code: string; message: string; path?: readonly (string | number)[] | undefined }) {
    super(error.message)
    this.code = error.code
    if (error.path) this.path = error.path
  }
}

/**
 * The one translator from an error to the wire: keeps message, path and locations of what was expected, under one of
 * our codes and with the request's id; logs and masks everything else.
 */
export function toWireError(thrown: unknown, requestId: string, logger: Logger): GraphQLFormattedError {
  const error = withoutDriver(thrown, requestId, logger)
  const { path, locations } = error as Partial<GraphQLFormattedError>
  const code = codeOf(error)
  const message = code === 'INTERNAL_SERVER_ERROR' ? MASKED_MESSAGE : messageOf(error)
  if (code === 'INTERNAL_SERVER_ERROR') {
    const err = originalOf(error)
    logger[err instanceof ForwardedError ? 'debug' : 'error']({ err, path, requestId }, 'unexpected error')
  }
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: { code, requestId, ...detailsOf(error) },
  }
}

function detailsOf(error: unknown): ApplicationError['details'] {
  const original = originalOf(error)
  return original instanceof ApplicationError ? original.details : undefined
}

/** A database that is away says so in its driver's words; the caller learns that trying again may help. */
function withoutDriver(error: unknown, requestId: string, logger: Logger): unknown {
  const original = originalOf(error)
  if (original instanceof SubgraphUnavailableError && original.cause) {
    logger.warn({ err: original, requestId }, 'another service does not answer')
  }
  if (original instanceof ApplicationError || !isDatabaseAway(original)) return error
  logger.warn({ err: original, requestId }, 'the database is away')
  const { path, locations } = error as Partial<GraphQLFormattedError>
  const { code, message } = new SubgraphUnavailableError('database')
  return { message, path, locations, extensions: { code } }
}

/** Any thrown value as a GraphQLError that remembers it. */
export function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error
  const originalError = error instanceof Error ? error : new Error(String(error))
  return new GraphQLError(originalError.message, { originalError })
}

/** Under which code an error goes over the wire, if no database is away. */
export function codeOf(error: unknown): string {
  const original = originalOf(error)
  if (original instanceof ApplicationError) return original.code
  if (original instanceof ForwardedError) return REQUEST_WAS_WRONG.has(original.code) ? 'BAD_USER_INPUT' : original.code
  const declared = (error as Partial<GraphQLFormattedError>).extensions?.code
  const known = TOP_LEVEL_CODES.find((code) => code === declared)
  if (known) return known
  if (typeof declared === 'string' && REQUEST_WAS_WRONG.has(declared)) return 'BAD_USER_INPUT'
  return isRequestError(error) ? 'BAD_USER_INPUT' : 'INTERNAL_SERVER_ERROR'
}

/**
 * graphql-js reports syntax, validation and variable errors without a path. Behind one of a variable may stand what its
 * scalar threw, of whatever kind: it is about the client's value all the same.
 */
function isRequestError(error: unknown): boolean {
  if (!(error instanceof GraphQLError) || error.path || error.extensions.code !== undefined) return false
  return !error.originalError || error.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION
}

/** The error at the bottom: graphql-js wraps one GraphQLError in another. */
export function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originalOf(error.originalError) : error
}

function messageOf(error: unknown): string {
  return error instanceof Error || typeof (error as { message?: unknown }).message === 'string'
    ? (error as { message: string }).message
    : String(error)
}
