import type { EntityManager } from '@mikro-orm/postgresql'

/** What the log records. Each names the message it is about. */
export type LoggedEventKind = 'MessageAdded' | 'ReplyStarted' | 'ReplyFinished'

export interface LoggedEvent {
  readonly seq: number
  readonly kind: LoggedEventKind
  readonly messageId: string
}

/** Where a conversation's log and its messages stand. */
export interface LogHead {
  readonly epoch: string
  readonly seq: number
  readonly messageCount: number
}

/**
 * Appends one event within the caller's transaction and returns its number. It locks the conversation's row until the
 * commit, which is what makes commit order sequence order: call it last.
 */
export async function appendEvent(
  em: EntityManager,
  conversationId: string,
  event: { kind: LoggedEventKind; messageId: string },
): Promise<number> {
  const [row] = await em.execute<[{ seq: number }]>(
    `WITH head AS (
       UPDATE chat.conversation SET event_seq = event_seq + 1 WHERE id = ? RETURNING id, event_seq
     )
     INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
     SELECT id, event_seq, ?, ? FROM head
     RETURNING seq`,
    [conversationId, event.kind, event.messageId],
  )
  return row.seq
}

/** The events after `seq`, in order, at most `limit`. */
export function readEvents(
  em: EntityManager,
  conversationId: string,
  seq: number,
  limit: number,
): Promise<LoggedEvent[]> {
  return em.execute<LoggedEvent[]>(
    `SELECT seq, kind, message_id AS "messageId" FROM chat.conversation_event
     WHERE conversation_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
    [conversationId, seq, limit],
  )
}

/** Where these conversations stand now. */
export async function readHeads(em: EntityManager, conversationIds: string[]): Promise<Map<string, LogHead>> {
  const rows = await em.execute<(LogHead & { id: string })[]>(
    `SELECT id, epoch, event_seq AS seq, message_count AS "messageCount" FROM chat.conversation
     WHERE id IN (?)`,
    [conversationIds],
  )
  return new Map(rows.map(({ id, ...head }) => [id, head]))
}
