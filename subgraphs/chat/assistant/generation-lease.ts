import { type EntityManager, raw } from '@mikro-orm/postgresql'
import { appendEvent } from '../event-log/event-log.ts'
import { Generation } from './generation.entity.ts'
import type { GenerationErrorCode } from './generation-error.ts'

/** Another worker has the reply now, or it has ended: whatever this one still has to say is refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'

  constructor() {
    super('The lease on this reply is lost.')
  }
}

/** A reply that this process writes, fenced by its attempt. */
export type Claim = Pick<Generation, 'conversationId' | 'id' | 'messageId' | 'model' | 'attempt'>

export interface Outcome {
  readonly omittedMessages: number
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly isEstimated: boolean }
  readonly error?: { readonly code: GenerationErrorCode; readonly message: string }
}

/** A reply that killed so many workers is not given to another one. */
const MOST_ATTEMPTS = 3

/**
 * Takes the oldest reply that nobody works on, or whose worker has let its lease run out, and begins its next attempt.
 * Leases are measured on the database's clock alone. Null when there is nothing to do.
 */
export function claimNext(em: EntityManager, leaseMs: number): Promise<Claim | null> {
  return em.transactional(async (transaction) => {
    const [next] = await transaction.execute<Claim[]>(
      `SELECT conversation_id AS "conversationId", id, message_id AS "messageId", model, attempt
       FROM chat.generation
       WHERE status IN ('QUEUED', 'RUNNING') AND coalesce(lease_until < now(), true) AND attempt < ?
       ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [MOST_ATTEMPTS],
    )
    if (!next) return null
    const claim = { ...next, attempt: next.attempt + 1 }
    await transaction.execute(
      `UPDATE chat.generation
       SET status = 'RUNNING', attempt = ?, text_length = 0, started_at = coalesce(started_at, now()),
           lease_until = now() + ? * interval '1 millisecond'
       WHERE conversation_id = ? AND id = ?`,
      [claim.attempt, leaseMs, claim.conversationId, claim.id],
    )
    await deleteChunks(transaction, claim)
    if (claim.attempt === 1) {
      await appendEvent(transaction, claim.conversationId, { kind: 'ReplyStarted', messageId: claim.messageId })
    }
    return claim
  })
}

/** A reply whose last attempt's worker died too; to be finished as failed. */
export async function findAbandoned(em: EntityManager): Promise<Claim | null> {
  const [abandoned] = await em.execute<Claim[]>(
    `SELECT conversation_id AS "conversationId", id, message_id AS "messageId", model, attempt
     FROM chat.generation
     WHERE status = 'RUNNING' AND lease_until < now() AND attempt >= ? LIMIT 1`,
    [MOST_ATTEMPTS],
  )
  return abandoned ?? null
}

/**
 * Adds text to the reply and renews the lease, in one statement that locks the reply's row: a worker that was overtaken
 * writes nothing.
 *
 * @throws LeaseLostError
 */
export async function appendText(em: EntityManager, claim: Claim, text: string, leaseMs: number): Promise<void> {
  const rows = await em.execute(
    `WITH fenced AS (
       UPDATE chat.generation
       SET text_length = text_length + ?, first_token_at = coalesce(first_token_at, now()),
           lease_until = now() + ? * interval '1 millisecond'
       WHERE conversation_id = ? AND id = ? AND attempt = ? AND status = 'RUNNING'
       RETURNING conversation_id, id, attempt, text_length
     )
     INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
     SELECT conversation_id, id, attempt, text_length - ?, text_length, ? FROM fenced
     RETURNING end_offset`,
    [text.length, leaseMs, claim.conversationId, claim.id, claim.attempt, text.length, text],
  )
  if (rows.length === 0) throw new LeaseLostError()
}

/**
 * Makes the lease run out so many milliseconds from now; 0 hands the reply to the next worker at once.
 *
 * @throws LeaseLostError
 */
export async function setLease(em: EntityManager, claim: Claim, leaseMs: number): Promise<void> {
  const rows = await em.execute(
    `UPDATE chat.generation SET lease_until = now() + ? * interval '1 millisecond'
     WHERE conversation_id = ? AND id = ? AND attempt = ? AND status = 'RUNNING' RETURNING id`,
    [leaseMs, claim.conversationId, claim.id, claim.attempt],
  )
  if (rows.length === 0) throw new LeaseLostError()
}

/**
 * Ends the reply: its chunks become the message's body, and ReplyFinished is logged.
 *
 * @throws LeaseLostError
 */
export async function finish(em: EntityManager, claim: Claim, outcome: Outcome): Promise<void> {
  await em.transactional(async (transaction) => {
    const ended = await transaction.nativeUpdate(
      Generation,
      { conversationId: claim.conversationId, id: claim.id, attempt: claim.attempt, status: 'RUNNING' },
      {
        status: outcome.error ? 'FAILED' : 'COMPLETED',
        leaseUntil: null,
        omittedMessages: outcome.omittedMessages,
        inputTokens: outcome.usage.inputTokens,
        outputTokens: outcome.usage.outputTokens,
        usageIsEstimated: outcome.usage.isEstimated,
        errorCode: outcome.error?.code ?? null,
        errorMessage: outcome.error?.message ?? null,
        finishedAt: raw('now()'),
      },
    )
    if (ended === 0) throw new LeaseLostError()
    await transaction.execute(
      `UPDATE chat.message SET body = coalesce((
         SELECT string_agg(text, '' ORDER BY start_offset) FROM chat.generation_chunk
         WHERE conversation_id = ? AND generation_id = ? AND attempt = ?), '')
       WHERE conversation_id = ? AND id = ?`,
      [claim.conversationId, claim.id, claim.attempt, claim.conversationId, claim.messageId],
    )
    await deleteChunks(transaction, claim)
    await appendEvent(transaction, claim.conversationId, { kind: 'ReplyFinished', messageId: claim.messageId })
  })
}

async function deleteChunks(em: EntityManager, { conversationId, id }: Claim): Promise<void> {
  await em.execute('DELETE FROM chat.generation_chunk WHERE conversation_id = ? AND generation_id = ?', [
    conversationId,
    id,
  ])
}
