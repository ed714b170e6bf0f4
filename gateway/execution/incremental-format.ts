import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql'
import type { OperationResult } from './compiled-operation.ts'
import type { AnsweredPart, AnswerPiece, PendingPart } from './incremental-run.ts'

/** The pieces of one answer as JSON objects. */
export interface IncrementalFormat {
  /** As clients name it in `Accept`, without spaces. */
  readonly parameter: { readonly name: 'deferspec' | 'incrementalspec'; readonly value: string }
  /** The same as Apollo Server writes it in `content-type`. */
  readonly mediaType: string
  first(piece: AnswerPiece, result: FormattedExecutionResult): object
  following(piece: AnswerPiece, format: FormatResult): object
}

/** What clients are told of a result: its errors are not as they were thrown any more. */
export type FormatResult = (result: OperationResult) => FormattedExecutionResult

/**
 * Each part with its path and its label, as the proposal of 2022 has it; what Apollo Client 3 asks for.
 *
 * @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/IncrementalDelivery.md
 */
export const DEFER_SPEC_2022: IncrementalFormat = {
  parameter: { name: 'deferspec', value: '20220824' },
  mediaType: 'multipart/mixed; deferSpec=20220824',
  first: ({ hasNext }, result) => ({ ...result, hasNext }),
  following: ({ answered, hasNext }, format) => ({
    incremental: answered.map(({ part, result }) => ({ ...format(result), ...placeOf(part) })),
    hasNext,
  }),
}

/** Parts are announced under an id and then told by it; what graphql-js 17 writes, and Apollo Client 4 can ask for. */
export const INCREMENTAL_SPEC_0_2: IncrementalFormat = {
  parameter: { name: 'incrementalspec', value: 'v0.2' },
  mediaType: 'multipart/mixed; incrementalSpec=v0.2',
  first: ({ pending, hasNext }, result) => ({ ...result, ...announced(pending), hasNext }),
  following: ({ answered, pending, hasNext }, format) => {
    const told = answered.map(({ part, result }) => ({ id: part.id, result: format(result) }))
    const whole = told.filter(({ result: { data } }) => data !== null)
    return {
      ...announced(pending),
      ...(whole.length > 0 && { incremental: whole.map(({ id, result }) => ({ id, ...result })) }),
      completed: told.map(({ id, result }) => (result.data === null ? { id, errors: causesOf(result) } : { id })),
      hasNext,
    }
  },
}

/** A part that is null has failed, and failures have errors: those of its values where nothing else went wrong. */
function causesOf({ errors, extensions }: FormattedExecutionResult): readonly GraphQLFormattedError[] {
  return errors ?? (extensions?.valueCompletion as readonly GraphQLFormattedError[] | undefined) ?? []
}

function announced(pending: readonly PendingPart[]) {
  return pending.length > 0 && { pending: pending.map((part) => ({ id: part.id, ...placeOf(part) })) }
}

function placeOf({ path, label }: AnsweredPart['part']) {
  return { path, ...(label !== undefined && { label }) }
}
