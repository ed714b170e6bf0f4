import type { EntityManager } from '@mikro-orm/postgresql'
import { readInboxVersions } from '../event-log/inbox-head.ts'

/** A conversation of somebody's list, by what tells that something changed. */
export interface InboxEntry {
  /** A UUID. */
  readonly conversationId: string
  /** Where the conversation's log stands. */
  readonly seq: number
  /** The member's own role, marker and mute, in one text. */
  readonly state: string
}

/** A whole list, and how often it had changed when it was read: at least what this version stands for is in it. */
export interface Inbox {
  readonly version: number
  readonly entries: readonly InboxEntry[]
}

/** A person's list of conversations, newest activity first. */
export async function readInbox(em: EntityManager, userId: string): Promise<Inbox> {
  // Read first: what changes in between is then in the list already, and looked at once more.
  const version = (await readInboxVersions(em, [userId])).get(userId) ?? 0
  const newestFirst = `${ENTRIES} ORDER BY conversation.last_activity_at DESC, conversation.id DESC`
  return { version, entries: await em.execute<InboxEntry[]>(newestFirst, [userId]) }
}

/** These conversations as far as they are in the person's list. */
export function readInboxEntries(
  em: EntityManager,
  userId: string,
  conversationIds: readonly string[],
): Promise<InboxEntry[]> {
  return em.execute<InboxEntry[]>(`${ENTRIES} AND conversation.id IN (?)`, [userId, [...conversationIds]])
}

const ENTRIES = `
  SELECT conversation.id AS "conversationId", conversation.event_seq AS seq,
    concat_ws(' ', member.role, member.read_up_to, member.muted) AS state
  FROM chat.member JOIN chat.conversation ON conversation.id = member.conversation_id
  WHERE member.user_id = ? AND conversation.deleted_at IS NULL`
