import { GraphQLError } from 'graphql'

/** What an executor answers. */
export interface TrialResult {
  readonly data?: unknown
  readonly errors?: readonly unknown[]
  readonly extensions?: Record<string, unknown>
}

/** What two results must have in common to count as the same. */
export interface ComparableResult {
  /** JSON, so that the order of keys counts. */
  readonly data: string | undefined
  /** Sorted. */
  readonly errors: readonly string[]
  /** Sorted. */
  readonly valueCompletion: readonly string[]
}

/**
 * A result in the form in which results are compared. Errors without a path are counted once: whoever asks for an
 * entity once only hears of its failure once.
 */
export function comparable(result: TrialResult): ComparableResult {
  const errors = (result.errors ?? []).map(describeError)
  const hopeless = errors.map((error) => MISSHAPEN.exec(error)?.[0]).find((it) => it !== undefined)
  if (hopeless) return { data: 'null', errors: [hopeless], valueCompletion: [] }
  const { valueCompletion = [] } = result.extensions ?? {}
  return {
    data: result.data === undefined ? undefined : JSON.stringify(result.data),
    errors: [...errors.filter(hasPath), ...new Set(errors.filter((it) => !hasPath(it)))].sort(),
    valueCompletion: (valueCompletion as unknown[]).map(describeError).sort(),
  }
}

/** Data of another shape than the schema says fail all of the operation; the stock shows the data, ours their path. */
const MISSHAPEN = /Invalid non-(list|object|string) value/

const hasPath = (error: string): boolean => !error.endsWith('without path')

/** The stock names the type condition that a field stands under, or the type of its object: either tells the place. */
const PARENT_TYPE = /\bfield \w+\.(?=\w)/

/** Its words, its code and its path, in one line. */
export function describeError(error: unknown): string {
  const original = originalOf(error)
  const { extensions, code: ownCode } = original as { extensions?: { code?: unknown }; code?: unknown }
  const code = ownCode ?? extensions?.code ?? 'none'
  const { path, message } = error as { path?: readonly unknown[]; message?: unknown }
  return `${code}: ${String(message).replace(PARENT_TYPE, 'field ')} at ${path ? JSON.stringify(path) : 'without path'}`
}

function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originalOf(error.originalError) : error
}
