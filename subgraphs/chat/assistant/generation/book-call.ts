import type { EntityManager } from '@mikro-orm/postgresql'
import { lockConversationRow } from '../../conversation/conversation-lock.ts'
import type { Ledger, TokensUsed } from '../usage/ledger.ts'
import type { Generation } from './generation.entity.ts'

/** What calls of the model have cost, and whether any of it was counted here because the model did not say. */
export interface CallUsage extends TokensUsed {
  readonly isEstimated: boolean
}

/** A reply's row, locked by the caller's transaction. */
export type LockedReply = Pick<Generation, 'conversationId' | 'id'>

interface Account {
  model: string
  requestedBy: string | null
  promptTokens: number | null
  /** The text that is in no account yet, in UTF-8. */
  unaccountedBytes: number
}

/**
 * Books a call of the model that is over, on whoever asked for the reply and on the reply itself, within a transaction
 * that holds the reply's row. It locks the conversation's row before any account, as everybody does who needs both.
 *
 * @param used what the call has cost; estimated when not given: what it read, and a token for every four bytes of the text
 *   that is in no account yet. Nothing then when no call was under way.
 * @param replies 1 with the last call of a reply, else 0.
 */
export async function bookCall(
  transaction: EntityManager,
  reply: LockedReply,
  ledger: Ledger,
  { used, replies }: { readonly used?: CallUsage | undefined; readonly replies: 0 | 1 },
): Promise<void> {
  const { conversationId, id } = reply
  await lockConversationRow(transaction, conversationId)
  const [account] = await transaction.execute<Account[]>(
    `SELECT model, requested_by AS "requestedBy", prompt_tokens AS "promptTokens", (
       SELECT coalesce(sum(octet_length(text)), 0)::integer FROM chat.generation_chunk
       WHERE conversation_id = generation.conversation_id AND generation_id = generation.id
         AND start_offset >= accounted_length
     ) AS "unaccountedBytes"
     FROM chat.generation WHERE conversation_id = ? AND id = ?`,
    [conversationId, id],
  )
  if (!account) return
  const cost = used ?? estimate(account)
  const { model, requestedBy } = account
  await ledger.settle(transaction, { conversationId, id, model, requestedBy }, cost, replies)
  await transaction.execute(
    `UPDATE chat.generation
     SET input_tokens = coalesce(input_tokens, 0) + ?, output_tokens = coalesce(output_tokens, 0) + ?,
         usage_is_estimated = coalesce(usage_is_estimated, false) OR ?,
         prompt_tokens = NULL, accounted_length = text_length
     WHERE conversation_id = ? AND id = ?`,
    [cost.inputTokens, cost.outputTokens, cost.isEstimated, conversationId, id],
  )
}

function estimate({ promptTokens, unaccountedBytes }: Account): CallUsage {
  if (promptTokens === null) return { inputTokens: 0, outputTokens: 0, isEstimated: false }
  return { inputTokens: promptTokens, outputTokens: Math.ceil(unaccountedBytes / 4), isEstimated: true }
}
