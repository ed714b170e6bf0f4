import { APIError } from 'openai'
import { GenerationError } from '../model/generation-error.ts'
import { NOTHING_USED, type TokensUsed } from '../usage/ledger.ts'

/**
 * What a call of the model has cost that failed or was broken off: what the provider says; nothing where it was not
 * reached or refused to answer; else what is counted, because what was begun is paid also when nothing was heard of it.
 *
 * @param counted what it was given, and what was heard of it.
 */
export function costOfFailure(error: unknown, counted: TokensUsed): TokensUsed {
  if (!(error instanceof GenerationError)) return counted
  if (error.usage) return error.usage
  // What fails after the answer has begun has no error of the interface as its cause, which knows of its beginning alone.
  return error.cause instanceof APIError ? NOTHING_USED : counted
}
