import type { ModelAnswer, ReportedUsage } from './model-request.ts'

/** Puts together what a model answers from the events of its stream. It takes any JSON: servers differ. */
export interface AnswerReader {
  /**
   * Takes the next event.
   *
   * @returns the text that it adds, often none.
   * @throws GenerationError when the event says that the answer has failed.
   */
  take(event: unknown): string
  /** Whether the model has said why it ended. */
  readonly isWhole: boolean
  /** What came beside the text; only of a whole answer. */
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

/** What a call has cost, if both numbers are ones that can be. */
export function usageOf(inputTokens: unknown, outputTokens: unknown): ReportedUsage {
  return isCount(inputTokens) && isCount(outputTokens) ? { inputTokens, outputTokens } : null
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
