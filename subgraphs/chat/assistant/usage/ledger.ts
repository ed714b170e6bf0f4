import type { EntityManager } from '@mikro-orm/postgresql'
import type { Generation } from '../generation/generation.entity.ts'

/** What a call of a model cost. */
export interface TokensUsed {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** What costs nothing. */
export const NOTHING_USED: TokensUsed = { inputTokens: 0, outputTokens: 0 }

/** A reply, as far as it costs somebody something. */
export type Payable = Pick<Generation, 'conversationId' | 'id' | 'model'> & { readonly requestedBy?: string | null }

/** A title or a summary, as far as it costs somebody something. A conversation has one of each under way. */
export interface PayableTask {
  /** A UUID. */
  readonly conversationId: string
  readonly kind: 'TITLE' | 'SUMMARY'
  readonly model: string
  /** Who pays, a UUID; null when nobody does. */
  readonly payer: string | null
}

/** What a title or a summary may cost. */
export interface TaskTokens extends TokensUsed {
  /** An answer that has to end before it has so many tokens is not worth its question. */
  readonly leastOutputTokens: number
}

/**
 * Who has used how much, and who may use more. Days are those of UTC. Whoever asked for a reply pays, as its row names
 * them at that moment; nobody does once their account was deleted.
 */
export interface Ledger {
  /**
   * Whether this person may have one more reply under way. Locks their account within the caller's transaction, so that
   * no two of them are let in at once; a caller that also locks the conversation's row has done so before.
   */
  admits(transaction: EntityManager, userId: string): Promise<boolean>
  /**
   * Sets tokens aside for one call of the model, in a transaction of its own, in place of what is set aside for the reply
   * already, and notes `inputTokens` as the reply's `prompt_tokens`.
   *
   * @param reply fenced by its attempt.
   * @returns how many tokens the model may write, at most `outputTokens`.
   * @throws GenerationError QUOTA_EXCEEDED when not even a short answer fits what is left of the day; LeaseLostError when
   *   another attempt has the reply, or it has ended.
   */
  reserve(em: EntityManager, reply: Payable & Pick<Generation, 'attempt'>, tokens: TokensUsed): Promise<number>
  /**
   * Books what a call has cost instead of what was set aside for it. Where nothing is set aside, as when it is called
   * again, no tokens are booked. The reply's own columns stay as they are.
   *
   * @param transaction the caller's, which holds the reply's row, and the conversation's if it ever needs that one: a row
   *   of the accounts is the last that is locked, because all replies of the same person need it.
   * @param replies 1 with the last call of a reply, else 0.
   */
  settle(transaction: EntityManager, reply: Payable, used: TokensUsed, replies: 0 | 1): Promise<void>
  /**
   * Sets tokens aside for a title or a summary, within a transaction that holds its task's row, in place of what is set
   * aside for it already: at most half of what is left of the day, so that the next question is not refused meanwhile.
   *
   * @returns how many tokens the model may write, at most `outputTokens`; null, and nothing is set aside for it any more,
   *   when neither these nor `leastOutputTokens` fit.
   */
  setAside(transaction: EntityManager, task: PayableTask, tokens: TaskTokens): Promise<number | null>
  /** Books what a title or a summary has cost, maybe nothing, instead of what is set aside for it, if anything is. */
  book(em: EntityManager, task: PayableTask, used: TokensUsed): Promise<void>
}
