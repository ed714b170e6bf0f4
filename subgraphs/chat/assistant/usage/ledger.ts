import type { EntityManager } from '@mikro-orm/postgresql'
import type { Generation } from '../generation/generation.entity.ts'

/** What a call of a model cost. */
export interface TokensUsed {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** A reply, as far as it costs somebody something. */
export type Payable = Pick<Generation, 'conversationId' | 'id' | 'model'> & { readonly requestedBy?: string | null }

/** Who has used how much, and who may use more. Days are those of UTC. */
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
   * @returns how many tokens the model may write, at most `outputTokens`.
   * @throws GenerationError QUOTA_EXCEEDED when not even a short answer fits what is left of the day.
   */
  reserve(em: EntityManager, reply: Payable, tokens: TokensUsed): Promise<number>
  /**
   * Books what a call has cost instead of what was set aside for it, within the caller's transaction.
   *
   * @param replies 1 with the last call of a reply, else 0.
   */
  settle(transaction: EntityManager, reply: Payable, used: TokensUsed, replies: 0 | 1): Promise<void>
  /** Books what a title or a summary has cost. */
  book(em: EntityManager, cost: TokensUsed & { readonly userId: string; readonly model: string }): Promise<void>
}
