import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventPosition } from '../../event-log/event-cursor.ts'
import type { Generation } from './generation.entity.ts'

/** Which attempt at which reply somebody writes. */
export type Fence = Pick<Generation, 'conversationId' | 'id' | 'attempt'>

/** Text for a reply; an empty one only renews the lease. */
export interface Addition extends Fence {
  /** How much of the reply's text there is before it, in UTF-16 code units. */
  readonly offset: number
  /** Well formed, and without NUL, which Postgres has not in texts. */
  readonly text: string
}

/**
 * What became of an addition: it is stored; the reply is another worker's or has ended; or somebody else holds its row at
 * the moment, such as an ending under way, and nothing is known.
 */
export type Verdict = 'written' | 'refused' | 'busy'

/** What became of an addition, and where the conversation's log stood, at the least, when it was written. */
export interface AppendedChunk {
  readonly verdict: Verdict
  readonly log?: EventPosition
}

interface Row extends EventPosition {
  readonly position: number
  readonly verdict: Verdict
}

/**
 * Adds text to replies and renews their leases, all in one statement that locks their rows: a worker that was overtaken
 * writes nothing. A row that is locked is passed over, so that no reply keeps the others waiting, and no two of these
 * wait for one another. The same addition again, after a connection was lost and nobody knows whether the first was
 * committed, is written already.
 *
 * @param additions at most one for each reply.
 * @returns what became of each, in their order.
 */
export async function appendChunks(
  em: EntityManager,
  additions: readonly Addition[],
  leaseMs: number,
): Promise<AppendedChunk[]> {
  if (additions.length === 0) return []
  const wanted = additions.map((addition, position) => ({
    ...addition,
    position,
    end: addition.offset + addition.text.length,
  }))
  const rows = await em.execute<Row[]>(APPEND, [JSON.stringify(wanted), leaseMs])
  const appended = new Map(rows.map(({ position, verdict, ...log }) => [position, { verdict, log }]))
  return additions.map((_, position) => appended.get(position) ?? { verdict: 'refused' })
}

/**
 * `locked` has each row as it is when the lock is given, which may be newer than what the rest of the statement sees; the
 * UPDATE meets that newest version too. A lease that is null was handed over, or the reply is parked. Where the log stands
 * is seen as the statement begins: whatever is logged later comes after the text.
 */
const APPEND = `
  WITH wanted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(?::jsonb) AS wanted(
      position integer, "conversationId" uuid, id uuid, attempt integer, "offset" integer, "end" integer, text text)
  ), locked AS MATERIALIZED (
    SELECT wanted.position,
           g.attempt = wanted.attempt AND g.status = 'RUNNING' AND g.lease_until IS NOT NULL AND (
             wanted.text = '' OR g.text_length = wanted."offset" OR g.text_length = wanted."end") AS "isHeld",
           g.text_length = wanted."offset" AND wanted.text <> '' AS "isNew"
    FROM wanted JOIN chat.generation g ON g.conversation_id = wanted."conversationId" AND g.id = wanted.id
    FOR NO KEY UPDATE OF g SKIP LOCKED
  ), fenced AS (
    UPDATE chat.generation g
    SET text_length = CASE WHEN "isNew" THEN wanted."end" ELSE g.text_length END,
        first_token_at = CASE WHEN "isNew" THEN coalesce(first_token_at, now()) ELSE first_token_at END,
        lease_until = now() + ? * interval '1 millisecond'
    FROM locked JOIN wanted USING (position)
    WHERE "isHeld" AND g.conversation_id = wanted."conversationId" AND g.id = wanted.id AND g.attempt = wanted.attempt
    RETURNING position, "isNew"
  ), written AS (
    INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
    SELECT "conversationId", id, attempt, "offset", "end", text FROM wanted JOIN fenced USING (position) WHERE "isNew"
  )
  SELECT position, epoch, event_seq AS seq, CASE
      WHEN position IN (SELECT position FROM fenced) THEN 'written'
      WHEN position IN (SELECT position FROM locked) THEN 'refused'
      WHEN EXISTS (
        SELECT FROM chat.generation g WHERE g.conversation_id = wanted."conversationId" AND g.id = wanted.id) THEN 'busy'
      ELSE 'refused' END AS verdict
  FROM wanted JOIN chat.conversation ON conversation.id = wanted."conversationId"`
