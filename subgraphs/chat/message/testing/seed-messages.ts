import type { Conversation } from '../../conversation/conversation.entity.ts'
import type { ChatFixture } from '../../testing/chat-fixture.ts'

/** Adds so many messages and their events at once, as storing them one by one would, and rings for none of them. */
export async function seedMessages(chat: ChatFixture, { id }: Conversation, count: number): Promise<void> {
  await chat.fork().execute(
    `WITH head AS (
       SELECT id, message_count, event_seq FROM chat.conversation WHERE id = ? FOR UPDATE
     ), said AS (
       INSERT INTO chat.message (conversation_id, number, id, role, body)
       SELECT head.id, message_count + n, gen_random_uuid(), 'USER', 'Said' FROM head, generate_series(1, ?) AS n
       RETURNING number, id
     ), logged AS (
       INSERT INTO chat.conversation_event (conversation_id, seq, kind, message_id)
       SELECT head.id, event_seq + number - message_count, 'MessageAdded', said.id FROM head, said
     )
     UPDATE chat.conversation SET message_count = conversation.message_count + ?, event_seq = conversation.event_seq + ?
     FROM head WHERE conversation.id = head.id`,
    [id, count, count, count],
  )
}
