import type { EntityManager } from '@mikro-orm/postgresql'
import { readEntities } from '../../../platform/entity-rows.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import { Message } from './message.entity.ts'
import type { MessageKey } from './message-key.ts'

/** Gives the message another body, and keeps the one before as this version. */
export async function replaceBody(
  em: EntityManager,
  { conversationId, number }: MessageKey,
  change: { readonly body: string; readonly version: number; readonly mentionsPending: boolean },
): Promise<Message> {
  const [row] = await em.execute(
    `WITH replaced AS (
       INSERT INTO chat.message_edit (conversation_id, number, version, body, edited_at)
       SELECT conversation_id, number, ?, body, clock_timestamp() FROM chat.message
       WHERE conversation_id = ? AND number = ?
       RETURNING conversation_id, number, edited_at
     )
     UPDATE chat.message SET body = ?, mentions_pending = ?, edited_at = replaced.edited_at
     FROM replaced WHERE message.conversation_id = replaced.conversation_id AND message.number = replaced.number
     RETURNING message.*`,
    [change.version, conversationId, number, change.body, change.mentionsPending],
  )
  return toMessage(em, row)
}

/** Leaves of a message nothing but its number, and when and by whom it was said. */
export async function eraseMessage(em: EntityManager, { conversationId, number }: MessageKey): Promise<Message> {
  const key = [conversationId, number]
  const [row] = await em.execute(
    `WITH edits AS (DELETE FROM chat.message_edit WHERE conversation_id = ? AND number = ?),
          mentions AS (DELETE FROM chat.mention WHERE conversation_id = ? AND number = ?),
          reactions AS (DELETE FROM chat.reaction WHERE conversation_id = ? AND number = ?)
     UPDATE chat.message
     SET body = '', request_digest = NULL, mentions_pending = false, deleted_at = clock_timestamp()
     WHERE conversation_id = ? AND number = ?
     RETURNING *`,
    [...key, ...key, ...key, ...key],
  )
  return toMessage(em, row)
}

function toMessage(em: EntityManager, row: object | undefined): Message {
  const [message] = readEntities(em, Message, row ? [row] : [])
  if (!message) throw new NotFoundError('message')
  return message
}
