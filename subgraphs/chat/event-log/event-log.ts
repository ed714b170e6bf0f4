import type { EntityManager } from '@mikro-orm/postgresql'

/** A message is new. Who stores messages logs it with them. */
export interface MessageAddition {
  readonly kind: 'MessageAdded'
  readonly messageId: string
  /** The message's. */
  readonly number: number
}

/** What happens to a message that is there. */
export interface MessageChange {
  readonly kind: 'MessageEdited' | 'MessageDeleted' | 'ReactionsChanged' | 'ReplyStarted' | 'ReplyFinished'
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
export type LoggedEvent = (NewEvent | MessageAddition) & { readonly seq: number }

/** What one transaction appended to a conversation's log: consecutive events, and the run of the log they are in. */
export interface AppendedEvents {
  readonly epoch: string
  readonly events: readonly LoggedEvent[]
}

/** Where a conversation's log and its messages stand. */
export interface LogHead {
  readonly epoch: string
  readonly seq: number
  /** Events up to this one are pruned. */
  readonly floor: number
  readonly messageCount: number
}

/** A piece of a log, and where the log stood when it was read. */
export interface LogPage {
  readonly head: LogHead
  /** In order. */
  readonly events: readonly LoggedEvent[]
  /** How long ago they were logged when they were read, by the database's clock, in milliseconds and in the same order. */
  readonly agesMs?: readonly number[]
}

/**
 * Appends events within the caller's transaction, in this order. It locks the conversation's row until the commit, which
 * is what makes commit order sequence order: whoever does not hold that lock already calls it last.
 *
 * @returns what the bus is to be told after the commit; null when there is nothing to append, or nothing to append it to.
 */
export async function appendEvents(
  em: EntityManager,
  conversationId: string,
  events: readonly NewEvent[],
): Promise<AppendedEvents | null> {
  if (events.length === 0) return null
  const [head] = await em.execute<{ epoch: string; lastSeq: number }[]>(
    `WITH head AS (
       UPDATE chat.conversation SET event_seq = event_seq + ? WHERE id = ?
       RETURNING id, epoch, event_seq - ? AS last_seq
     ), logged AS (
       INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id, user_id, role)
       SELECT head.id, last_seq + position, kind, "messageId", "userId", role
       FROM head, jsonb_to_recordset(?::jsonb)
         AS e(position integer, kind text, "messageId" uuid, "userId" uuid, role text)
     )
     SELECT epoch, last_seq AS "lastSeq" FROM head`,
    [
      events.length,
      conversationId,
      events.length,
      JSON.stringify(events.map((event, index) => ({ position: index + 1, ...event }))),
    ],
  )
  if (!head) return null
  return { epoch: head.epoch, events: events.map((event, index) => ({ ...event, seq: head.lastSeq + index + 1 })) }
}

/** The events after `seq`, at most `limit`, and the head, as they were at one moment. Null: there is no conversation. */
export async function readLog(
  em: EntityManager,
  conversationId: string,
  seq: number,
  limit: number,
): Promise<LogPage | null> {
  const rows = await em.execute<Row[]>(
    `SELECT epoch, event_seq AS "headSeq", event_floor AS floor, message_count AS "messageCount",
       event.seq, event.kind, event.message_id AS "messageId", event.user_id AS "userId", event.role,
       (extract(epoch FROM clock_timestamp() - event.created_at) * 1000)::float8 AS "ageMs",
       -- By its id alone: by its conversation too, every message of it might be looked through for each event.
       CASE event.kind WHEN 'MessageAdded' THEN (SELECT number FROM chat.message WHERE id = event.message_id) END AS number
     FROM chat.conversation
     LEFT JOIN LATERAL (
       SELECT * FROM chat.conversation_event WHERE conversation_id = conversation.id AND seq > ? ORDER BY seq LIMIT ?
     ) event ON true
     WHERE conversation.id = ? ORDER BY event.seq`,
    [seq, limit, conversationId],
  )
  const [first] = rows
  if (!first) return null
  const { epoch, headSeq, floor, messageCount } = first
  const found = rows.filter((row) => row.seq !== null)
  return {
    head: { epoch, seq: headSeq, floor, messageCount },
    events: found.map(toLoggedEvent),
    agesMs: found.map(({ ageMs }) => ageMs),
  }
}

/** A head, and an event of that log, if there is one. */
interface Row extends Omit<LogHead, 'seq'> {
  readonly headSeq: number
  readonly seq: number | null
  readonly kind: LoggedEvent['kind']
  readonly messageId: string | null
  readonly userId: string | null
  readonly role: MemberRole | null
  readonly number: number | null
  readonly ageMs: number
}

/** With what events of its kind have, and nothing else. */
function toLoggedEvent({ seq, kind, messageId, userId, role, number }: Row): LoggedEvent {
  return {
    seq,
    kind,
    ...(messageId !== null && { messageId }),
    ...(userId !== null && { userId }),
    ...(role !== null && { role }),
    ...(number !== null && { number }),
  } as LoggedEvent
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
