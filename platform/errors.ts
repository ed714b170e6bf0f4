/** The codes that `errors[].extensions.code` may carry, on every transport. */
export const TOP_LEVEL_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'UNAUTHORIZED_FIELD_OR_TYPE',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'OPERATION_TOO_EXPENSIVE',
  'PERSISTED_QUERY_NOT_FOUND',
  'DOCUMENT_NOT_TRUSTED',
  'SUBSCRIPTION_SCHEMA_RELOAD',
  'SUBGRAPH_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const

export type TopLevelCode = (typeof TOP_LEVEL_CODES)[number]

/** An expected failure: its message is written for the caller and leaves the process unmasked, under a stable code. */
export class ApplicationError extends Error {
  override readonly name: string = 'ApplicationError'
  readonly code: TopLevelCode
  /** What the caller is told beside the code, in the error's `extensions`. */
  readonly details?: Readonly<Record<string, number>>

  constructor(code: TopLevelCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** No valid credentials. The words never vary, so that a caller cannot tell a forged token from an expired one. */
export class UnauthenticatedError extends ApplicationError {
  override readonly name = 'UnauthenticatedError'

  constructor(options?: ErrorOptions) {
    super('UNAUTHENTICATED', 'Sign in first: the access token is missing, malformed, expired or revoked.', options)
  }
}

/** The viewer sees the object but lacks the right to do this with it. */
export class ForbiddenError extends ApplicationError {
  override readonly name = 'ForbiddenError'

  constructor(message: string, options?: ErrorOptions) {
    super('FORBIDDEN', message, options)
  }
}

/** Does not exist, or may not be seen: deliberately the same answer. */
export class NotFoundError extends ApplicationError {
  override readonly name = 'NotFoundError'

  constructor(what: string, options?: ErrorOptions) {
    super('NOT_FOUND', `No such ${what}.`, options)
  }
}

/** The request itself is wrong; the message says what to change. */
export class BadUserInputError extends ApplicationError {
  override readonly name = 'BadUserInputError'

  constructor(message: string, options?: ErrorOptions) {
    super('BAD_USER_INPUT', message, options)
  }
}

/** A bounded resource is full for now; the same request may succeed later. */
export class RateLimitedError extends ApplicationError {
  override readonly name = 'RateLimitedError'

  constructor(message: string, options?: ErrorOptions) {
    super('RATE_LIMITED', message, options)
  }
}

/** Another service of the graph did not answer. */
export class SubgraphUnavailableError extends ApplicationError {
  override readonly name = 'SubgraphUnavailableError'

  constructor(service: string, options?: ErrorOptions) {
    super('SUBGRAPH_UNAVAILABLE', `The ${service} service does not answer; try again in a moment.`, options)
  }
}
