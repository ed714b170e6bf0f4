import type { EntityManager } from '@mikro-orm/postgresql'
import { type AppendedEvents, appendEvents } from '../../event-log/event-log.ts'
import type { GenerationErrorCode } from '../model/generation-error.ts'
import { abandonCalls } from '../tools/abandon-calls.ts'
import type { Ledger } from '../usage/ledger.ts'
import { bookCall, type CallUsage, type LockedReply } from './book-call.ts'
import type { Generation } from './generation.entity.ts'
import { type Claim, lockClaimed } from './generation-lease.ts'

/** How a reply ends. */
export interface Outcome {
  readonly status: 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'
  /** Why the model ended; for COMPLETED alone. */
  readonly finishReason?: 'stop' | 'length'
  readonly error?: { readonly code: GenerationErrorCode; readonly message: string }
  /** What the last call of the model cost; estimated when not given, and nothing when no call was under way. */
  readonly usage?: CallUsage
  /** Which endpoint answered. */
  readonly endpoint?: string
  /** The text is taken back: who has seen some of it is told to keep none. */
  readonly withdraw?: true
}

/** What came of a reply. */
export interface ReplyReport extends Pick<Generation, 'id' | 'conversationId' | 'messageId' | 'model' | 'attempt'> {
  readonly status: Outcome['status']
  readonly code: GenerationErrorCode | null
  readonly endpoint: string | null
  /** Of all calls of the model together; null when it was never called. */
  readonly inputTokens: number | null
  readonly outputTokens: number | null
}

/** What the log has of an ending, and what came of the reply. */
export interface EndedReply extends AppendedEvents {
  readonly report: ReplyReport
}

/**
 * Ends a reply within the transaction that holds its row: what it cost is booked, tools are waited for no more, its
 * chunks become the message's body, and last of all ReplyFinished is logged.
 *
 * @returns what the bus is to be told after the commit.
 */
export async function endReply(
  transaction: EntityManager,
  reply: LockedReply,
  outcome: Outcome,
  ledger: Ledger,
): Promise<EndedReply | null> {
  const { conversationId, id } = reply
  await bookCall(transaction, reply, ledger, { used: outcome.usage, replies: 1 })
  await abandonCalls(transaction, reply)
  if (outcome.withdraw) await withdrawText(transaction, reply, outcome)
  const [ended] = await transaction.execute<Omit<ReplyReport, 'id' | 'conversationId'>[]>(
    `UPDATE chat.generation
     SET status = ?, finish_reason = ?, error_code = ?, error_message = ?, endpoint = coalesce(?, endpoint),
         finished_at = now(), lease_until = NULL, is_parked = false, continues = false
     WHERE conversation_id = ? AND id = ?
     RETURNING message_id AS "messageId", model, attempt, status, error_code AS code, endpoint,
       input_tokens AS "inputTokens", output_tokens AS "outputTokens"`,
    [
      ...[outcome.status, outcome.finishReason ?? null, outcome.error?.code ?? null, outcome.error?.message ?? null],
      ...[outcome.endpoint ?? null, conversationId, id],
    ],
  )
  if (!ended) return null
  await transaction.execute(
    `UPDATE chat.message SET body = coalesce((
       SELECT string_agg(text, '' ORDER BY start_offset) FROM chat.generation_chunk
       WHERE conversation_id = ? AND generation_id = ?), '')
     WHERE conversation_id = ? AND id = ?`,
    [conversationId, id, conversationId, ended.messageId],
  )
  await deleteChunks(transaction, reply, 0)
  const { messageId } = ended
  const appended = await appendEvents(transaction, conversationId, [{ kind: 'ReplyFinished', messageId }])
  return appended && { ...appended, report: { id, conversationId, ...ended } }
}

/**
 * Ends the reply that this worker has claimed.
 *
 * @param beside what else is written in the same transaction, once the reply is known to be the worker's still.
 * @returns what the bus is to be told of it.
 * @throws LeaseLostError
 */
export function finish(
  em: EntityManager,
  claim: Claim,
  { outcome, ledger, beside }: FinishOptions,
): Promise<EndedReply | null> {
  return em.transactional(async (transaction) => {
    await lockClaimed(transaction, claim)
    await beside?.(transaction)
    return endReply(transaction, claim, outcome, ledger)
  })
}

export interface FinishOptions {
  readonly outcome: Outcome
  readonly ledger: Ledger
  readonly beside?: ((transaction: EntityManager) => Promise<void>) | undefined
}

/** Deletes the text from an offset on; a chunk begins there or the text ends there. */
export async function deleteChunks(em: EntityManager, reply: LockedReply, from: number): Promise<void> {
  await em.execute(
    'DELETE FROM chat.generation_chunk WHERE conversation_id = ? AND generation_id = ? AND start_offset >= ?',
    [reply.conversationId, reply.id, from],
  )
}

/** What tools were asked and answered goes with a text that was refused; else it lies before the text to come. */
async function withdrawText(transaction: EntityManager, reply: LockedReply, { error }: Outcome): Promise<void> {
  await deleteChunks(transaction, reply, 0)
  const key = [reply.conversationId, reply.id]
  // Locked in the order of their ids, as everybody does who locks several.
  const calls = 'SELECT id FROM chat.tool_call WHERE conversation_id = ? AND generation_id = ? ORDER BY id FOR UPDATE'
  await transaction.execute(
    error?.code === 'MODERATION_REFUSED'
      ? `DELETE FROM chat.tool_call WHERE conversation_id = ? AND id IN (${calls})`
      : `UPDATE chat.tool_call SET text_offset = 0 WHERE conversation_id = ? AND id IN (${calls})`,
    [reply.conversationId, ...key],
  )
  await transaction.execute(
    `UPDATE chat.generation
     SET attempt = attempt + 1, kept_length = 0, text_length = 0, step_length = 0, accounted_length = 0
     WHERE conversation_id = ? AND id = ?`,
    key,
  )
}
