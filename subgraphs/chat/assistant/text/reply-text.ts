import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventPosition } from '../../event-log/event-cursor.ts'
import type { Generation } from '../generation/generation.entity.ts'

/** How much of a reply somebody has: so many UTF-16 code units of one attempt's text. */
export interface ReplyPosition {
  readonly attempt: number
  readonly offset: number
}

/** What somebody has who has nothing. */
export const BEGINNING: ReplyPosition = { attempt: 0, offset: 0 }

/** The reply to read, and how much of it is there already. */
export interface WantedText extends ReplyPosition {
  readonly conversationId: string
  readonly messageId: string
}

/** What a reply has beyond a position, in the version that it shows. */
export interface ReplyPiece extends ReplyPosition {
  readonly messageId: string
  readonly generationId: string
  /** Which of the wanted it is, from 0. */
  readonly position: number
  readonly status: Generation['status']
  /** Begins at `offset` of `attempt`, up to which the text is the same as at the wanted position; may be empty. */
  readonly text: string
  /** For what was not read but heard of: where the conversation's log stood, at the least, when it was written. */
  readonly log?: EventPosition | undefined
}

interface Row extends Omit<ReplyPiece, 'text' | 'log'> {
  /** The text of a version that has ended. */
  readonly body: string | null
  /** The text of a growing one: the chunks from the one on in which `offset` lies, which begins at `start`. */
  readonly grown: string | null
  readonly start: number | null
}

/** SQL for a growing version's text, by a generation `g`; all its attempts together wrote it. */
const CHUNKS = `
  FROM chat.generation_chunk c WHERE c.conversation_id = g.conversation_id AND c.generation_id = g.id`

/**
 * How much of a text is the same at another attempt's position. Between two attempts at one version it is what each of them
 * went on with; another version's text is another one. A position beyond the end has nothing.
 */
const STILL_VALID = `
  CASE WHEN wanted.attempt = g.attempt AND wanted."offset" <= g.text_length THEN wanted."offset"
       WHEN wanted.attempt > g.base_attempt AND wanted.attempt < g.attempt
         THEN least(wanted."offset", coalesce(g.kept_length, 0), g.text_length)
       ELSE 0 END`

/** The newest chunk that begins no later is looked for backwards, so that a long text is not read for its last words. */
const READ = `
  SELECT wanted.position, g.message_id AS "messageId", g.id AS "generationId", g.attempt, g.status,
         valid."offset", m.body, piece.grown, piece.start
  FROM jsonb_to_recordset(?::jsonb)
    AS wanted(position integer, "conversationId" uuid, "messageId" uuid, attempt integer, "offset" integer)
  JOIN chat.generation g
    ON g.conversation_id = wanted."conversationId" AND g.message_id = wanted."messageId" AND g.is_selected
  CROSS JOIN LATERAL (SELECT ${STILL_VALID} AS "offset") valid
  LEFT JOIN chat.message m
    ON m.conversation_id = g.conversation_id AND m.id = g.message_id AND g.status NOT IN ('QUEUED', 'RUNNING')
  LEFT JOIN LATERAL (
    SELECT min(c.start_offset) AS start, string_agg(c.text, '' ORDER BY c.start_offset) AS grown ${CHUNKS}
      AND c.end_offset > valid."offset"
      AND c.start_offset >= coalesce((
        SELECT c.start_offset ${CHUNKS} AND c.start_offset <= valid."offset"
        ORDER BY c.attempt DESC, c.start_offset DESC LIMIT 1), 0)
  ) piece ON m.id IS NULL`

/**
 * Reads what replies have beyond the given positions, in one statement. Whether somebody may read it is not asked here.
 * While a reply grows its text lies in chunks; once it has ended it is the message's body.
 */
export async function readReplyText(em: EntityManager, wanted: readonly WantedText[]): Promise<ReplyPiece[]> {
  if (wanted.length === 0) return []
  const parameter = JSON.stringify(wanted.map((each, position) => ({ ...each, position })))
  const rows = await em.execute<Row[]>(READ, [parameter])
  return rows.map(toPiece)
}

function toPiece({ body, grown, start, ...row }: Row): ReplyPiece {
  if (body === null) return { ...row, text: (grown ?? '').slice(row.offset - (start ?? 0)) }
  // What was deleted is shorter than it was written.
  const offset = row.offset <= body.length ? row.offset : 0
  return { ...row, offset, text: body.slice(offset) }
}

/** The text of these versions as it is now, in their order; empty for what is not there. */
export async function readVersionTexts(
  em: EntityManager,
  versions: readonly Pick<Generation, 'conversationId' | 'id'>[],
): Promise<string[]> {
  const rows = await em.execute<{ position: number; text: string | null }[]>(
    `SELECT wanted.position, CASE
         WHEN NOT g.is_selected THEN g.body
         WHEN g.status NOT IN ('QUEUED', 'RUNNING') THEN m.body
         ELSE (SELECT string_agg(c.text, '' ORDER BY c.start_offset) ${CHUNKS}) END AS text
     FROM jsonb_to_recordset(?::jsonb) AS wanted(position integer, "conversationId" uuid, id uuid)
     JOIN chat.generation g ON g.conversation_id = wanted."conversationId" AND g.id = wanted.id
     JOIN chat.message m ON m.conversation_id = g.conversation_id AND m.id = g.message_id`,
    [JSON.stringify(versions.map(({ conversationId, id }, position) => ({ position, conversationId, id })))],
  )
  const texts = new Map(rows.map(({ position, text }) => [position, text]))
  return versions.map((_, position) => texts.get(position) ?? '')
}
