import { type EntityManager, raw } from '@mikro-orm/postgresql'
import { type AppendedEvents, appendEvents } from '../../event-log/event-log.ts'
import type { GenerationErrorCode } from '../model/generation-error.ts'
import { Generation } from './generation.entity.ts'

/** Another worker has the reply now, or it has ended: whatever this one still has to say is refused. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'

  constructor() {
    super('The lease on this reply is lost.')
  }
}

/** A reply that this process writes, fenced by its attempt. */
export type Claim = Pick<Generation, 'conversationId' | 'id' | 'messageId' | 'model' | 'attempt'>

/** A reply whose next attempt begins here. */
export interface BegunClaim extends Claim {
  /** What the log says of it; null but for the first attempt. To be told once it is committed. */
  readonly begun: AppendedEvents | null
}

/** A reply that was ended for a worker that is lost. */
export interface EndedClaim extends Claim {
  /** To be told once it is committed. */
  readonly ended: AppendedEvents | null
}

export interface Outcome {
  readonly omittedMessages: number
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly isEstimated: boolean }
  readonly error?: { readonly code: GenerationErrorCode; readonly message: string }
}

/** A reply that cost so many workers is not given to another one. */
const MOST_LOST_WORKERS = 3

/**
 * SQL for the replies that may be taken, to be read with `LOCK`. Taking one logs an event, which locks the conversation's
 * row: it is locked here already, so that a conversation that somebody else holds is passed over like a reply that
 * somebody else has, instead of keeping all others waiting.
 */
const REPLIES = `
  SELECT generation.conversation_id AS "conversationId", generation.id, message_id AS "messageId", model, attempt
  FROM chat.generation
  JOIN chat.conversation ON conversation.id = generation.conversation_id AND conversation.deleted_at IS NULL`
const LOCK = 'LIMIT 1 FOR NO KEY UPDATE OF conversation, generation SKIP LOCKED'

/**
 * Takes the oldest reply that nobody works on, or whose worker has let its lease run out, and begins its next attempt.
 * One whose conversation is locked at the moment is left for the next call. Leases are measured on the database's clock
 * alone. Null when there is nothing to do.
 */
export function claimNext(em: EntityManager, leaseMs: number): Promise<BegunClaim | null> {
  return em.transactional(async (transaction) => {
    const [next] = await transaction.execute<Claim[]>(
      `${REPLIES}
       WHERE status IN ('QUEUED', 'RUNNING') AND coalesce(lease_until < now(), true)
         AND lost_workers + (lease_until IS NOT NULL)::integer < ?
       ORDER BY generation.created_at ${LOCK}`,
      [MOST_LOST_WORKERS],
    )
    if (!next) return null
    const claim = { ...next, attempt: next.attempt + 1 }
    // A lease that ran out is a worker that was lost; one that was handed over is null.
    await transaction.execute(
      `UPDATE chat.generation
       SET status = 'RUNNING', attempt = ?, text_length = 0, started_at = coalesce(started_at, now()),
           lost_workers = lost_workers + (lease_until IS NOT NULL)::integer,
           lease_until = now() + ? * interval '1 millisecond'
       WHERE conversation_id = ? AND id = ?`,
      [claim.attempt, leaseMs, claim.conversationId, claim.id],
    )
    await deleteChunks(transaction, claim)
    if (claim.attempt > 1) return { ...claim, begun: null }
    const started = { kind: 'ReplyStarted', messageId: claim.messageId } as const
    return { ...claim, begun: await appendEvents(transaction, claim.conversationId, [started]) }
  })
}

/** Ends a reply whose last worker was lost too. Null when there is none, or only such whose conversation is locked. */
export function finishAbandoned(em: EntityManager, outcome: Outcome): Promise<EndedClaim | null> {
  return em.transactional(async (transaction) => {
    const [abandoned] = await transaction.execute<Claim[]>(
      `${REPLIES} WHERE status = 'RUNNING' AND lease_until < now() AND lost_workers + 1 >= ? ${LOCK}`,
      [MOST_LOST_WORKERS],
    )
    if (!abandoned) return null
    return { ...abandoned, ended: await end(transaction, abandoned, outcome) }
  })
}

/**
 * Adds text to the reply at an offset and renews the lease, in one statement that locks the reply's row: a worker that
 * was overtaken writes nothing. The same call again, after a connection was lost and nobody knows whether the first was
 * committed, adds nothing either.
 *
 * @throws LeaseLostError
 */
export async function appendText(
  em: EntityManager,
  claim: Claim,
  { offset, text }: { offset: number; text: string },
  leaseMs: number,
): Promise<void> {
  const end = offset + text.length
  const rows = await em.execute(
    `WITH fenced AS (
       UPDATE chat.generation
       SET text_length = ?, first_token_at = coalesce(first_token_at, now()),
           lease_until = now() + ? * interval '1 millisecond'
       WHERE conversation_id = ? AND id = ? AND attempt = ? AND status = 'RUNNING' AND text_length = ?
       RETURNING conversation_id, id, attempt
     )
     INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
     SELECT conversation_id, id, attempt, ?, ?, ? FROM fenced
     RETURNING end_offset`,
    [end, leaseMs, claim.conversationId, claim.id, claim.attempt, offset, offset, end, text],
  )
  if (rows.length === 0 && !(await hasText(em, claim, end))) throw new LeaseLostError()
}

async function hasText(em: EntityManager, claim: Claim, length: number): Promise<boolean> {
  const { conversationId, id, attempt } = claim
  const found = await em.count(Generation, { conversationId, id, attempt, status: 'RUNNING', textLength: length })
  return found === 1
}

/**
 * Makes the lease run out so many milliseconds from now.
 *
 * @throws LeaseLostError
 */
export async function renewLease(em: EntityManager, claim: Claim, leaseMs: number): Promise<void> {
  await setLease(em, claim, raw("now() + ? * interval '1 millisecond'", [leaseMs]))
}

/**
 * Hands the reply to the next worker at once.
 *
 * @throws LeaseLostError
 */
export async function handOver(em: EntityManager, claim: Claim): Promise<void> {
  await setLease(em, claim, null)
}

async function setLease(
  em: EntityManager,
  claim: Claim,
  leaseUntil: ReturnType<typeof raw<string>> | null,
): Promise<void> {
  const { conversationId, id, attempt } = claim
  const held = { conversationId, id, attempt, status: 'RUNNING' as const }
  if ((await em.nativeUpdate(Generation, held, { leaseUntil })) === 0) throw new LeaseLostError()
}

/**
 * Ends the reply: its chunks become the message's body, and ReplyFinished is logged.
 *
 * @returns what the bus is to be told of it.
 * @throws LeaseLostError
 */
export function finish(em: EntityManager, claim: Claim, outcome: Outcome): Promise<AppendedEvents | null> {
  return em.transactional((transaction) => end(transaction, claim, outcome))
}

async function end(transaction: EntityManager, claim: Claim, outcome: Outcome): Promise<AppendedEvents | null> {
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
  return appendEvents(transaction, claim.conversationId, [{ kind: 'ReplyFinished', messageId: claim.messageId }])
}

async function deleteChunks(em: EntityManager, { conversationId, id }: Claim): Promise<void> {
  await em.execute('DELETE FROM chat.generation_chunk WHERE conversation_id = ? AND generation_id = ?', [
    conversationId,
    id,
  ])
}
