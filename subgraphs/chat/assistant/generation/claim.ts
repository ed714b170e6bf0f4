import type { EntityManager } from '@mikro-orm/postgresql'
import type { Origin } from '../../../../platform/origin.ts'
import { type AppendedEvents, appendEvents } from '../../event-log/event-log.ts'
import type { Ledger } from '../usage/ledger.ts'
import { bookCall } from './book-call.ts'
import { deleteChunks, type EndedReply, endReply, type Outcome } from './ending.ts'
import type { Generation } from './generation.entity.ts'
import type { Claim } from './generation-lease.ts'

/** A reply whose next attempt begins here. */
export interface BegunClaim extends Claim {
  readonly origin: Origin
  /** How much of the text stays, in UTF-16 code units. */
  readonly keptLength: number
  /** Whether it is the first attempt, and so nothing was written and no tool was called before. */
  readonly isFirst: boolean
  /** What the log says of it; null when it goes on where another worker left it. To be told once it is committed. */
  readonly begun: AppendedEvents | null
  /** Whether the worker before was lost, and its lease has run out. */
  readonly isTakeover: boolean
  /** How long ago it was asked for, in milliseconds; null where somebody has read of it before, or was asked to approve. */
  readonly unheardMs: number | null
  /** Whether others could be taken at that moment. */
  readonly hasNext: boolean
}

/** A reply that was ended because nobody else will. */
export interface EndedClaim extends Claim {
  readonly origin: Origin
  /** To be told once it is committed. */
  readonly ended: EndedReply | null
}

export interface ClaimOptions {
  /** How long the lease is, in milliseconds. */
  readonly leaseMs: number
  /** Whether a model goes on with a text that another worker left. */
  readonly canContinue: (model: string) => boolean
  readonly ledger: Ledger
}

/** A reply that may be taken, as it was left. */
interface Waiting
  extends Claim,
    Origin,
    Pick<Generation, 'status' | 'baseAttempt' | 'stepLength' | 'textLength' | 'continues'> {
  readonly promptTokens: number | null
  readonly isTakeover: boolean
  readonly unheardMs: number | null
}

/** A reply that cost so many workers is not given to another one. */
const MOST_LOST_WORKERS = 3
/** An approval is waited for so long. */
const LONGEST_WAIT = "interval '1 day'"

/** SQL for what is known of a reply that may be taken. */
const COLUMNS = `generation.conversation_id AS "conversationId", generation.id, message_id AS "messageId", model, attempt,
    requested_by AS "requestedBy", status, base_attempt AS "baseAttempt", step_length AS "stepLength",
    text_length AS "textLength", continues, prompt_tokens AS "promptTokens",
    request_id AS "requestId", trace_parent AS "traceparent",
    generation.lease_until IS NOT NULL AS "isTakeover",
    CASE WHEN first_token_at IS NULL AND NOT continues AND NOT EXISTS (
        SELECT FROM chat.tool_call call
        WHERE call.conversation_id = generation.conversation_id AND call.generation_id = generation.id
          AND call.approved IS NOT NULL)
      THEN (extract(epoch FROM clock_timestamp() - generation.created_at) * 1000)::float8 END AS "unheardMs"`

/**
 * SQL for the replies that may be taken, to be read with `LOCK`. Taking one logs an event, which locks the conversation's
 * row: it is locked here already, so that a conversation that somebody else holds is passed over like a reply that
 * somebody else has, instead of keeping all others waiting.
 */
const REPLIES = `
  FROM chat.generation
  JOIN chat.conversation ON conversation.id = generation.conversation_id AND conversation.deleted_at IS NULL`
const LOCK = 'LIMIT 1 FOR NO KEY UPDATE OF conversation, generation SKIP LOCKED'

/** SQL for a generation that nobody works on, or whose worker has let its lease run out, and not for the last time. */
const isFree = (name: string) => `
  ${name}.status IN ('QUEUED', 'RUNNING') AND NOT ${name}.is_parked AND coalesce(${name}.lease_until < now(), true)
  AND ${name}.lost_workers + (${name}.lease_until IS NOT NULL)::integer < ${MOST_LOST_WORKERS}`

/**
 * Takes the oldest reply that nobody works on, or whose worker has let its lease run out, and begins its next attempt.
 * What a worker that is lost has cost is booked. One whose conversation is locked at the moment is left for the next
 * call. Leases are measured on the database's clock alone. Null when there is nothing to do.
 */
export function claimNext(em: EntityManager, options: ClaimOptions): Promise<BegunClaim | null> {
  return em.transactional(async (transaction) => {
    const [waiting] = await transaction.execute<(Waiting & Pick<BegunClaim, 'hasNext'>)[]>(
      `SELECT ${COLUMNS}, EXISTS (
         SELECT FROM chat.generation other WHERE ${isFree('other')} AND other.id <> generation.id
       ) AS "hasNext" ${REPLIES}
       WHERE ${isFree('generation')} ORDER BY generation.created_at ${LOCK}`,
    )
    if (!waiting) return null
    if (waiting.promptTokens !== null) await bookCall(transaction, waiting, options.ledger, { replies: 0 })
    const keptLength = lengthThatStays(waiting, options)
    await begin(transaction, waiting, keptLength, options.leaseMs)
    if (keptLength < waiting.textLength) await deleteChunks(transaction, waiting, keptLength)
    const { conversationId, id, messageId, model, requestedBy, status, hasNext, isTakeover, unheardMs } = waiting
    const isFirst = waiting.attempt === waiting.baseAttempt && !waiting.continues
    const attempt = waiting.attempt + 1
    const origin = originOf(waiting)
    const held = { conversationId, id, messageId, model, requestedBy, attempt }
    const claim = { ...held, keptLength, isFirst, isTakeover, unheardMs, hasNext, origin }
    if (status === 'RUNNING') return { ...claim, begun: null }
    return { ...claim, begun: await appendEvents(transaction, conversationId, [{ kind: 'ReplyStarted', messageId }]) }
  })
}

function originOf({ requestId, traceparent }: Waiting): Origin {
  return { requestId, traceparent }
}

/** A text that its model cannot go on with is written again, but for what was written before tools were called. */
function lengthThatStays({ status, continues, model, stepLength, textLength }: Waiting, options: ClaimOptions): number {
  const goesOn = continues || (status === 'RUNNING' && options.canContinue(model))
  return goesOn ? textLength : stepLength
}

async function begin(em: EntityManager, waiting: Waiting, keptLength: number, leaseMs: number): Promise<void> {
  const isFirst = waiting.attempt === waiting.baseAttempt
  // A lease that ran out is a worker that was lost; one that was handed over is null.
  await em.execute(
    `UPDATE chat.generation
     SET status = 'RUNNING', attempt = attempt + 1, continues = false, text_length = ?,
         kept_length = ${isFirst ? 'NULL' : 'least(kept_length, ?)'},
         accounted_length = least(accounted_length, ?), started_at = coalesce(started_at, now()),
         lost_workers = lost_workers + (lease_until IS NOT NULL)::integer,
         lease_until = now() + ? * interval '1 millisecond'
     WHERE conversation_id = ? AND id = ?`,
    [
      ...(isFirst ? [keptLength] : [keptLength, keptLength]),
      ...[keptLength, leaseMs, waiting.conversationId, waiting.id],
    ],
  )
}

/** Ends a reply whose last worker was lost too. Null when there is none, or only such whose conversation is locked. */
export function finishAbandoned(em: EntityManager, outcome: Outcome, ledger: Ledger): Promise<EndedClaim | null> {
  const isAbandoned = `NOT is_parked AND lease_until < now() AND lost_workers + 1 >= ${MOST_LOST_WORKERS}`
  return finishOne(em, isAbandoned, outcome, ledger)
}

/**
 * Ends a reply that waits for an approval which nobody is there to give, or nobody has given for a day. Null when there is
 * none, or only such whose conversation is locked.
 */
export function finishForsaken(em: EntityManager, outcome: Outcome, ledger: Ledger): Promise<EndedClaim | null> {
  return finishOne(em, IS_FORSAKEN, outcome, ledger)
}

const IS_FORSAKEN = `is_parked AND (
  NOT EXISTS (
    SELECT FROM chat.member
    WHERE member.conversation_id = generation.conversation_id AND user_id = generation.requested_by)
  OR NOT EXISTS (
    SELECT FROM chat.tool_call call
    WHERE call.conversation_id = generation.conversation_id AND call.generation_id = generation.id
      AND call.status = 'AWAITING_APPROVAL' AND call.created_at > now() - ${LONGEST_WAIT}))`

function finishOne(em: EntityManager, which: string, outcome: Outcome, ledger: Ledger): Promise<EndedClaim | null> {
  return em.transactional(async (transaction) => {
    const [found] = await transaction.execute<Waiting[]>(
      `SELECT ${COLUMNS} ${REPLIES} WHERE status = 'RUNNING' AND ${which} ${LOCK}`,
    )
    if (!found) return null
    return { ...found, origin: originOf(found), ended: await endReply(transaction, found, outcome, ledger) }
  })
}
