import type { EntityManager } from '@mikro-orm/postgresql'
import type { Generation } from './generation.entity.ts'

/** How much of a reply somebody has: so many UTF-16 code units of one attempt's text. */
export interface ReplyPosition {
  readonly attempt: number
  readonly offset: number
}

/** What a reply has beyond a position. */
export interface ReplyPiece extends ReplyPosition {
  readonly messageId: string
  readonly status: Generation['status']
  /** Begins at `offset` of `attempt`; empty when there is nothing new. */
  readonly text: string
}

interface Row {
  messageId: string
  attempt: number
  status: Generation['status']
  hasEnded: boolean
  length: number
  start: number | null
  text: string | null
}

/**
 * Reads what replies of one conversation have beyond the given positions, in one statement. A position of an older
 * attempt, or beyond the end, begins again at 0. While a reply grows its text lies in chunks; once it has ended it is
 * the message's body.
 */
export async function readReplyText(
  em: EntityManager,
  conversationId: string,
  positions: ReadonlyMap<string, ReplyPosition>,
): Promise<ReplyPiece[]> {
  if (positions.size === 0) return []
  const wanted = [...positions].map(([messageId, position]) => ({ messageId, ...position }))
  const rows = await em.execute<Row[]>(
    `SELECT g.message_id AS "messageId", g.attempt, g.status, m.id IS NOT NULL AS "hasEnded", g.text_length AS length,
            piece.start, coalesce(m.body, piece.text) AS text
     FROM jsonb_to_recordset(?::jsonb) AS wanted("messageId" uuid, attempt integer, "offset" integer)
     JOIN chat.generation g ON g.conversation_id = ? AND g.message_id = wanted."messageId"
     LEFT JOIN chat.message m
       ON m.conversation_id = g.conversation_id AND m.id = g.message_id AND g.status IN ('COMPLETED', 'FAILED')
     LEFT JOIN LATERAL (
       SELECT min(c.start_offset) AS start, string_agg(c.text, '' ORDER BY c.start_offset) AS text
       FROM chat.generation_chunk c
       WHERE c.conversation_id = g.conversation_id AND c.generation_id = g.id AND c.attempt = g.attempt
         AND c.end_offset > CASE
           WHEN wanted.attempt = g.attempt AND wanted."offset" <= g.text_length THEN wanted."offset" ELSE 0 END
     ) piece ON true`,
    [JSON.stringify(wanted), conversationId],
  )
  return rows.map((row) => toPiece(row, positions.get(row.messageId)))
}

function toPiece(row: Row, position: ReplyPosition | undefined): ReplyPiece {
  const { messageId, attempt, status } = row
  const length = row.hasEnded ? (row.text ?? '').length : row.length
  const isStillValid = position?.attempt === attempt && position.offset <= length
  const offset = isStillValid ? position.offset : 0
  const text = (row.text ?? '').slice(offset - (row.start ?? 0))
  return { messageId, attempt, status, offset, text: row.start === null && !row.hasEnded ? '' : text }
}
