import type { EntityManager } from '@mikro-orm/postgresql'

/** A message to be stored; its number comes from the conversation. */
export interface NewMessage {
  id: string
  role: 'USER' | 'ASSISTANT'
  authorId: string | null
  clientId: string | null
  answersId: string | null
  body: string
}

/**
 * Stores messages with the next numbers of their conversation and logs MessageAdded for each, in one statement: the
 * counters on the conversation's row give number and sequence, and its lock makes commit order their order. A rollback
 * returns the numbers, so there is never a gap.
 */
export async function storeMessages(em: EntityManager, conversationId: string, messages: NewMessage[]): Promise<void> {
  await em.execute(
    `WITH head AS (
       UPDATE chat.conversation
       SET message_count = message_count + ?, event_seq = event_seq + ?,
           last_activity_at = greatest(last_activity_at, clock_timestamp())
       WHERE id = ?
       RETURNING id, message_count - ? AS last_number, event_seq - ? AS last_seq, last_activity_at
     ), added AS (
       SELECT * FROM jsonb_to_recordset(?::jsonb) AS m(
         position integer, id uuid, role text, "authorId" uuid, "clientId" uuid, "answersId" uuid, body text)
     ), stored AS (
       INSERT INTO chat.message (conversation_id, number, id, role, author_id, client_id, answers_id, body,
                                 created_at)
       SELECT head.id, last_number + position, added.id, role, "authorId", "clientId", "answersId", body,
              last_activity_at
       FROM head, added
     )
     INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
     SELECT head.id, last_seq + position, 'MessageAdded', added.id FROM head, added`,
    [
      messages.length,
      messages.length,
      conversationId,
      messages.length,
      messages.length,
      JSON.stringify(messages.map((message, index) => ({ position: index + 1, ...message }))),
    ],
  )
}
