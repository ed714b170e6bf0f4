import { APIConnectionError, APIConnectionTimeoutError, APIError, RateLimitError } from 'openai'
import type { ModelAnswer, ReportedUsage } from './model-request.ts'

/** Why a reply failed, in a stable code and a sentence to show. The provider's own words stay in the log. */
export class GenerationError extends Error {
  override readonly name = 'GenerationError'
  readonly code: GenerationErrorCode
  /** What the call has cost all the same, where the provider has said so. */
  usage: ReportedUsage = null

  /** @param options.message a sentence to show instead of the code's own. */
  constructor(code: GenerationErrorCode, { message, ...options }: ErrorOptions & { readonly message?: string } = {}) {
    super(message ?? SENTENCES[code], options)
    this.code = code
  }
}

export type GenerationErrorCode = keyof typeof SENTENCES

const SENTENCES = {
  PROVIDER_UNAVAILABLE: 'The model cannot be reached; ask again in a moment.',
  PROVIDER_REJECTED: 'The model refused the request; an administrator finds the reason in the log.',
  PROVIDER_RATE_LIMITED: 'The model is busy; ask again in a moment.',
  PROVIDER_TIMEOUT: 'The model stopped answering; ask again.',
  STREAM_INCOMPLETE: 'The reply broke off before its end; ask again.',
  QUOTA_EXCEEDED: 'Your tokens of the day are used up, or too many of your replies are being written; ask again later.',
  MODERATION_REFUSED: 'The assistant does not talk about this; ask in other words.',
  WORKER_LOST: 'The reply was interrupted too often; ask again.',
  INTERNAL: 'The reply could not be written; ask again.',
} as const

/** What there is to say of an answer that ended, for this reason, without a word. */
const WORDLESS = {
  stop: { code: 'PROVIDER_UNAVAILABLE', message: 'The model answered without a word; ask again in a moment.' },
  length: {
    code: 'STREAM_INCOMPLETE',
    message:
      'The model used up all tokens of its answer before its first word; allow longer answers, or ask another model.',
  },
  calls: { code: 'STREAM_INCOMPLETE', message: 'The model only called tools and never answered; ask again.' },
} as const

/** An answer that ended without a word, which is none. */
export function wordless(reason: ModelAnswer['finishReason']): GenerationError {
  const { code, message } = WORDLESS[reason]
  return new GenerationError(code, { message, cause: new Error(`It ended with "${reason}", and without a word.`) })
}

/** A failure as it is stored and shown. */
export function failureOf(code: GenerationErrorCode): { readonly code: GenerationErrorCode; readonly message: string } {
  return { code, message: SENTENCES[code] }
}

/** What a failure of the openai SDK, or of the stream below it, means. */
export function toGenerationError(error: unknown, hasText: boolean): GenerationError {
  if (error instanceof GenerationError) return error
  const options = { cause: error }
  if (error instanceof APIConnectionTimeoutError) return new GenerationError('PROVIDER_TIMEOUT', options)
  if (error instanceof RateLimitError) return new GenerationError('PROVIDER_RATE_LIMITED', options)
  if (error instanceof APIConnectionError) return new GenerationError('PROVIDER_UNAVAILABLE', options)
  if (error instanceof APIError && error.status !== undefined) {
    return new GenerationError(error.status >= 500 ? 'PROVIDER_UNAVAILABLE' : 'PROVIDER_REJECTED', options)
  }
  // What is left is a stream that was cut, held something unreadable, or said itself that it had failed.
  return new GenerationError(hasText ? 'STREAM_INCOMPLETE' : 'PROVIDER_UNAVAILABLE', options)
}
