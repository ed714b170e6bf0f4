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

/** Postgres quotes the row it refused, and with it hashes and addresses: behind the message, on as many lines as these have. */
const QUOTED_BY_DATABASE = /^\s*-? ?(?:detail|where|hint|context): .*/ims
/** SQLSTATE class 22, "data exception": the message itself quotes the value, in which there may be quotes. */
const DATA_EXCEPTION = /^22[\dA-Z]{3}$/
const QUOTED_VALUES = /".*"/s
const FRAME = /^\s+at .*$/gm
const LINE_END = /[\n\r\u2028\u2029]/
const DEEPEST_CAUSE = 5

/**
 * Describes an error for a log: where it happened and what kind it is. Of what Postgres says it leaves out the details, hints
 * and contexts, in which it quotes rows and statements, and of a value that it could not read (SQLSTATE class 22) whatever the
 * message has in quotes. Names of tables, columns and constraints stay, and so does what any other message says.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutDetails(String(error)), stack: '' }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  const message = messageOf(error, code)
  const type = error.constructor.name
  return {
    type,
    message,
    stack: [`${type}: ${message}`, ...framesOf(error)].join('\n'),
    ...(code !== undefined && { code }),
    ...(constraint !== undefined && { constraint }),
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: describeError(error.cause, depth + 1) }),
  }
}

function messageOf({ message }: Error, code: unknown): string {
  const told = withoutDetails(message)
  const isOfData = typeof code === 'string' && DATA_EXCEPTION.test(code)
  return isOfData ? told.replace(QUOTED_VALUES, '"[redacted]"') : told
}

/** Without lines of the message that look like frames: MikroORM's stacks have them twice. */
function framesOf({ message, stack = '' }: Error): readonly string[] {
  const told = new Set(message.split(LINE_END).map((line) => line.trim()))
  return stack.match(FRAME)?.filter((frame) => !told.has(frame.trim())) ?? []
}

function withoutDetails(message: string): string {
  return message.replace(QUOTED_BY_DATABASE, '').trim()
}
