import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'

/** What happens to a message. */
export interface MessageChange {
  readonly kind:
    | 'MessageAdded'
    | 'MessageEdited'
    | 'MessageDeleted'
    | 'ReactionsChanged'
    | 'ReplyStarted'
    | 'ReplyFinished'
  readonly messageId: string
}

/** What happens to somebody's membership. */
export type MemberChange =
  | { readonly kind: 'MemberAdded' | 'MemberRoleChanged'; readonly userId: string; readonly role: MemberRole }
  | { readonly kind: 'MemberRemoved'; readonly userId: string }

/** What happens to the conversation itself. */
export interface WholeChange {
  readonly kind: 'ConversationUpdated' | 'ConversationDeleted'
}

/** What a member may do. */
export type MemberRole = 'OWNER' | 'ADMIN' | 'MEMBER'

/** A durable event, as it is appended to the log. Ids are UUIDs. */
export type NewEvent = MessageChange | MemberChange | WholeChange

/** A durable event with its place in the log. */
export type LoggedEvent = NewEvent & { readonly seq: number }

/** Where a conversation's log and its messages stand. */
export interface LogHead {
  readonly epoch: string
  readonly seq: number
  /** Events up to this one are pruned. */
  readonly floor: number
  readonly messageCount: number
}

/**
 * Appends events within the caller's transaction, in this order. It locks the conversation's row until the commit, which
 * is what makes commit order sequence order: whoever does not hold that lock already calls it last.
 */
export async function appendEvents(
  em: EntityManager,
  conversationId: string,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return
  await em.execute(
    `WITH head AS (
       UPDATE chat.conversation SET event_seq = event_seq + ? WHERE id = ? RETURNING id, event_seq - ? AS last_seq
     )
     INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id, user_id, role)
     SELECT head.id, last_seq + position, kind, "messageId", "userId", role
     FROM head, jsonb_to_recordset(?::jsonb)
       AS e(position integer, kind text, "messageId" uuid, "userId" uuid, role text)`,
    [
      events.length,
      conversationId,
      events.length,
      JSON.stringify(events.map((event, index) => ({ position: index + 1, ...event }))),
    ],
  )
}

/**
 * The events after `seq`, in order, at most `limit`.
 *
 * @throws NotFoundError when the conversation is not there any more.
 */
export async function readEvents(
  em: EntityManager,
  conversationId: string,
  seq: number,
  limit: number,
): Promise<LoggedEvent[]> {
  const rows = await em.execute<(LoggedEvent | { seq: null })[]>(
    `SELECT event.seq, event.kind, event.message_id AS "messageId", event.user_id AS "userId", event.role
     FROM chat.conversation
     LEFT JOIN LATERAL (
       SELECT * FROM chat.conversation_event WHERE conversation_id = conversation.id AND seq > ? ORDER BY seq LIMIT ?
     ) event ON true
     WHERE conversation.id = ? ORDER BY event.seq`,
    [seq, limit, conversationId],
  )
  if (rows.length === 0) throw new NotFoundError('conversation')
  return rows.filter((row) => row.seq !== null)
}

/** Where these conversations stand now. */
export async function readHeads(em: EntityManager, conversationIds: string[]): Promise<Map<string, LogHead>> {
  const rows = await em.execute<(LogHead & { id: string })[]>(
    `SELECT id, epoch, event_seq AS seq, event_floor AS floor, message_count AS "messageCount" FROM chat.conversation
     WHERE id IN (?)`,
    [conversationIds],
  )
  return new Map(rows.map(({ id, ...head }) => [id, head]))
}
