import type { EntityManager } from '@mikro-orm/postgresql'
import { IS_READABLE } from '../../conversation/readable.ts'
import type { Generation } from '../generation/generation.entity.ts'

/** How much of a reply somebody has: so many UTF-16 code units of one attempt's text. */
export interface ReplyPosition {
  readonly attempt: number
  readonly offset: number
}

/** The reply to read, and how much of it is there already. */
export interface WantedText extends ReplyPosition {
  readonly conversationId: string
  readonly messageId: string
}

/** What a reply has beyond a position. */
export interface ReplyPiece extends ReplyPosition {
  readonly messageId: string
  /** Which of the wanted it is, from 0. */
  readonly position: number
  readonly status: Generation['status']
  /** Begins at `offset` of `attempt`; empty when there is nothing new. */
  readonly text: string
}

interface Row {
  position: number
  messageId: string
  attempt: number
  status: Generation['status']
  hasEnded: boolean
  length: number
  start: number | null
  text: string | null
  wantedAttempt: number
  wantedOffset: number
}

/**
 * Reads what replies have beyond the given positions, in one statement. A position of an older attempt, or beyond the
 * end, begins again at 0. While a reply grows its text lies in chunks; once it has ended it is the message's body.
 *
 * @param viewerId a UUID: only what this person may read at that moment. Without it the caller has checked.
 */
export async function readReplyText(
  em: EntityManager,
  wanted: readonly WantedText[],
  viewerId?: string,
): Promise<ReplyPiece[]> {
  if (wanted.length === 0) return []
  const rows = await em.execute<Row[]>(
    `SELECT wanted.position, g.message_id AS "messageId", g.attempt, g.status, m.id IS NOT NULL AS "hasEnded", g.text_length AS length,
            piece.start, coalesce(m.body, piece.text) AS text,
            wanted.attempt AS "wantedAttempt", wanted."offset" AS "wantedOffset"
     FROM jsonb_to_recordset(?::jsonb)
       AS wanted(position integer, "conversationId" uuid, "messageId" uuid, attempt integer, "offset" integer)
     JOIN chat.generation g ON g.conversation_id = wanted."conversationId" AND g.message_id = wanted."messageId"
     ${viewerId === undefined ? '' : `JOIN chat.conversation ON conversation.id = g.conversation_id AND ${IS_READABLE}`}
     LEFT JOIN chat.message m
       ON m.conversation_id = g.conversation_id AND m.id = g.message_id AND g.status IN ('COMPLETED', 'FAILED')
     LEFT JOIN LATERAL (
       SELECT min(c.start_offset) AS start, string_agg(c.text, '' ORDER BY c.start_offset) AS text
       FROM chat.generation_chunk c
       WHERE c.conversation_id = g.conversation_id AND c.generation_id = g.id AND c.attempt = g.attempt
         AND c.end_offset > CASE
           WHEN wanted.attempt = g.attempt AND wanted."offset" <= g.text_length THEN wanted."offset" ELSE 0 END
     ) piece ON true`,
    [
      JSON.stringify(wanted.map((each, position) => ({ ...each, position }))),
      ...(viewerId === undefined ? [] : [viewerId]),
    ],
  )
  return rows.map(toPiece)
}

function toPiece(row: Row): ReplyPiece {
  const { position, messageId, attempt, status } = row
  const length = row.hasEnded ? (row.text ?? '').length : row.length
  const isStillValid = row.wantedAttempt === attempt && row.wantedOffset <= length
  const offset = isStillValid ? row.wantedOffset : 0
  const text = (row.text ?? '').slice(offset - (row.start ?? 0))
  return { position, messageId, attempt, status, offset, text: row.start === null && !row.hasEnded ? '' : text }
}
