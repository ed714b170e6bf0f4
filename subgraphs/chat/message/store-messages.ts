import type { EntityManager } from '@mikro-orm/postgresql'
import { readEntities } from '../../../platform/entity-rows.ts'
import { lockConversationRow } from '../conversation/conversation-lock.ts'
import type { AppendedEvents } from '../event-log/event-log.ts'
import { Message } from './message.entity.ts'
import { insertMentions } from './store-mentions.ts'

/** A message to be stored; its number comes from the conversation. */
export interface NewMessage {
  id: string
  role: 'USER' | 'ASSISTANT'
  authorId: string | null
  clientId: string | null
  answersId: string | null
  /** The number of the message that it replies to. */
  replyTo: number | null
  body: string
  /** What `requestDigest` made; null where nobody sends. */
  digest: Buffer | null
  mentionsPending: boolean
}

/** What is stored at once: a member's message, and behind it the reply that is to be written, if any. */
export interface MessageBatch {
  readonly conversationId: string
  readonly authorId: string
  readonly messages: readonly NewMessage[]
  /** Whom the first message names, in that order; only members among them are mentioned. */
  readonly mentioned: readonly string[]
}

/** What was stored, in the order of the batch. */
export interface StoredMessages {
  readonly messages: readonly Message[]
  readonly appended: AppendedEvents
}

/**
 * Stores messages with the next numbers of their conversation, moves the author's read marker to the first of them and
 * logs MessageAdded for each, in one statement: the counters on the conversation's row give number and sequence, and its
 * lock makes commit order their order. A rollback returns the numbers, so there is never a gap.
 *
 * Whoever is mentioned must be a member when the message is stored, and a statement sees the members of the moment at
 * which it began, before it waited for the conversation's row. A batch that mentions somebody therefore locks that row
 * with a statement before, and must be stored in a transaction.
 *
 * @returns the messages and their events, to be told after the commit; null when the conversation is gone or the author
 * is not a member, and then nothing is changed.
 * @throws UniqueConstraintViolationException when the author has used the client id here; NotNullConstraintViolationException
 * when the author has ceased to be a member while the statement waited for the conversation's row.
 */
export async function storeMessages(em: EntityManager, batch: MessageBatch): Promise<StoredMessages | null> {
  const { conversationId, authorId, messages, mentioned } = batch
  const count = messages.length
  if (mentioned.length > 0) {
    await lockConversationRow(em, conversationId)
  }
  const rows = await em.execute<StoredRow[]>(
    `WITH head AS (
       UPDATE chat.conversation
       SET message_count = message_count + ?, event_seq = event_seq + ?,
           last_activity_at = greatest(last_activity_at, clock_timestamp())
       WHERE id = ? AND deleted_at IS NULL
         AND EXISTS (SELECT FROM chat.member WHERE conversation_id = ? AND user_id = ?)
       RETURNING id, epoch, message_count - ? AS last_number, event_seq - ? AS last_seq, last_activity_at
     ), author AS (
       UPDATE chat.member SET read_up_to = last_number + 1 FROM head
       WHERE conversation_id = head.id AND user_id = ?
       RETURNING read_up_to AS first_number
     ), stored AS (
       INSERT INTO chat.message (conversation_id, number, id, role, author_id, client_id, answers_id, reply_to, body,
                                 request_digest, mentions_pending, created_at)
       SELECT head.id, first_number + position, added.id, role, author_id, client_id, answers_id, reply_to, body,
              digest, mentions_pending, last_activity_at
       FROM head LEFT JOIN author ON true CROSS JOIN (VALUES ${messages.map(() => ROW).join(', ')}) AS added(
         position, id, role, author_id, client_id, answers_id, reply_to, body, digest, mentions_pending)
       RETURNING *
     ), logged AS (
       INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
       SELECT conversation_id, last_seq + number - last_number, 'MessageAdded', stored.id FROM head, stored
     )${mentioned.length > 0 ? MENTIONED : ''}
     SELECT stored.*, epoch, last_seq FROM stored, head ORDER BY number`,
    [
      ...[count, count, conversationId, conversationId, authorId, count, count, authorId],
      ...messages.flatMap(rowOf),
      ...(mentioned.length > 0 ? [JSON.stringify(mentioned)] : []),
    ],
  )
  const [first] = rows
  if (!first) return null
  const events = rows.map(({ id, number }, position) => {
    return { kind: 'MessageAdded' as const, messageId: id, number, seq: first.last_seq + position + 1 }
  })
  return { messages: readEntities(em, Message, rows), appended: { epoch: first.epoch, events } }
}

interface StoredRow {
  readonly id: string
  readonly number: number
  readonly epoch: string
  readonly last_seq: number
}

// Not JSON, as elsewhere: a single row of VALUES costs Postgres nothing to plan.
const ROW = '(?::integer, ?::uuid, ?, ?::uuid, ?::uuid, ?::uuid, ?::integer, ?, ?::bytea, ?::boolean)'

function rowOf(message: NewMessage, position: number): unknown[] {
  const { id, role, authorId, clientId, answersId, replyTo, body, digest, mentionsPending } = message
  return [position, id, role, authorId, clientId, answersId, replyTo, body, digest, mentionsPending]
}

const MENTIONED = `, mentioned AS (${insertMentions('SELECT id AS conversation_id, last_number + 1 AS number FROM head')})`
