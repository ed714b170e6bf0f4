/** What is written of an error into a log. */
export interface ErrorDescription {
  readonly type: string
  readonly message: string
  readonly stack: string
  /** A code of ours, of Node or of Postgres (SQLSTATE). */
  readonly code?: unknown
  readonly constraint?: unknown
  readonly cause?: ErrorDescription
}

/** Postgres quotes the row it refused, and with it hashes and addresses. */
const QUOTED_BY_DATABASE = /^\s*-? ?(?:detail|where|hint|context): .*$/gim
const FRAME = /^\s+at .*$/gm
const DEEPEST_CAUSE = 5

/** Describes an error for a log: where it happened and what kind it is, without what a database quotes of its rows. */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutQuotes(String(error)), stack: '' }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  const message = withoutQuotes(error.message)
  const type = error.constructor.name
  const frames = error.stack?.replace(error.message, '').match(FRAME) ?? []
  return {
    type,
    message,
    stack: [`${type}: ${message}`, ...frames].join('\n'),
    ...(code !== undefined && { code }),
    ...(constraint !== undefined && { constraint }),
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: describeError(error.cause, depth + 1) }),
  }
}

function withoutQuotes(message: string): string {
  return message.replace(QUOTED_BY_DATABASE, '').trim()
}
