import { GenerationError } from './generation-error.ts'
import type { ModelAnswer, ReportedUsage } from './model-request.ts'

/** Puts together what a model answers from the events of its stream. It takes any JSON: servers differ. */
export interface AnswerReader {
  /**
   * Takes the next event.
   *
   * @returns the text that it adds, often none.
   * @throws GenerationError, or an Error whose meaning depends on what was heard before it, when the event says that the
   *   answer has failed.
   */
  take(event: unknown): string
  /** Whether the model has said why it ended. */
  readonly isWhole: boolean
  /** What the call has cost, as far as the provider has said so; also of an answer that is not whole. */
  readonly usage: ReportedUsage
  /**
   * What came beside the text; only of a whole answer.
   *
   * @throws as `take`, when it did not end well.
   */
  answer(): Omit<ModelAnswer, 'endpoint'>
}

/** Any JSON, as an object whose fields are to be looked at one by one. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** A text, or none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** No model reads or writes more at once; what is stored of it is added up in 32 bits. */
const MOST_TOKENS = 10_000_000
/** More calls of tools than this, or longer ones in UTF-16 code units, are no answer: far fewer are ever run. */
const MOST_CALLS = 64
const LONGEST_CALLS = 500_000

/** Counts what an answer wants of tools while it grows: a model may go on with it for ever. */
export class CallBounds {
  #calls = 0
  #length = 0

  /** @throws GenerationError STREAM_INCOMPLETE beyond 64 calls. */
  begin(): void {
    this.#calls += 1
    if (this.#calls > MOST_CALLS) throw new GenerationError('STREAM_INCOMPLETE')
  }

  /** @throws GenerationError STREAM_INCOMPLETE beyond 500,000 UTF-16 code units of all calls together. */
  add(...texts: readonly string[]): void {
    for (const text of texts) this.#length += text.length
    if (this.#length > LONGEST_CALLS) throw new GenerationError('STREAM_INCOMPLETE')
  }
}

/** What a call has cost, if both numbers are ones that can be: 0 to 10,000,000. */
export function usageOf(inputTokens: unknown, outputTokens: unknown): ReportedUsage {
  return isCount(inputTokens) && isCount(outputTokens) ? { inputTokens, outputTokens } : null
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MOST_TOKENS
}
