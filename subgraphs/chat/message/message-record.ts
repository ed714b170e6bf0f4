import type { EntityManager } from '@mikro-orm/postgresql'
import { readEntities } from '../../../platform/entity-rows.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import { Message } from './message.entity.ts'
import type { MessageKey } from './message-key.ts'
import { MOST_MENTIONS } from './store-messages.ts'

/**
 * Where the message with this UUID is. Whether the viewer may know of it is judged under the conversation's lock.
 *
 * @throws NotFoundError
 */
export async function locateMessage(em: EntityManager, id: string): Promise<MessageKey & { readonly body: string }> {
  const [found] = await em.execute<(MessageKey & { body: string })[]>(
    `SELECT conversation_id AS "conversationId", number, body FROM chat.message
     JOIN chat.conversation ON conversation.id = conversation_id
     WHERE message.id = ? AND conversation.deleted_at IS NULL`,
    [id],
  )
  if (!found) throw new NotFoundError('message')
  return found
}

/** The number of a message in this conversation; null when it is none of its messages. */
export async function numberOfMessage(em: EntityManager, conversationId: string, id: string): Promise<number | null> {
  const [found] = await em.execute<{ number: number }[]>(
    'SELECT number FROM chat.message WHERE id = ? AND conversation_id = ?',
    [id, conversationId],
  )
  return found?.number ?? null
}

/** The message as it is now in the database. */
export async function readMessage(em: EntityManager, { conversationId, number }: MessageKey): Promise<Message> {
  const [row] = await em.execute('SELECT * FROM chat.message WHERE conversation_id = ? AND number = ?', [
    conversationId,
    number,
  ])
  return toMessage(em, row)
}

function toMessage(em: EntityManager, row: object | undefined): Message {
  const [message] = readEntities(em, Message, row ? [row] : [])
  if (!message) throw new NotFoundError('message')
  return message
}

/** Who asked for the reply that this message is; null when it is none, or they are gone. */
export async function askerOf(em: EntityManager, { conversationId, answersId }: Message): Promise<string | null> {
  if (answersId == null) return null
  const [question] = await em.execute<{ authorId: string | null }[]>(
    'SELECT author_id AS "authorId" FROM chat.message WHERE id = ? AND conversation_id = ?',
    [answersId, conversationId],
  )
  return question?.authorId ?? null
}

/** How often the message was changed. */
export async function countEdits(em: EntityManager, { conversationId, number }: MessageKey): Promise<number> {
  const [counted] = await em.execute<[{ count: number }]>(
    'SELECT count(*)::integer AS count FROM chat.message_edit WHERE conversation_id = ? AND number = ?',
    [conversationId, number],
  )
  return counted.count
}

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

/** Makes the members among these people, in this order, those whom the message mentions; returns how many they are. */
export async function setMentions(
  em: EntityManager,
  { conversationId, number }: MessageKey,
  userIds: readonly string[],
): Promise<number> {
  await em.execute('DELETE FROM chat.mention WHERE conversation_id = ? AND number = ?', [conversationId, number])
  if (userIds.length === 0) return 0
  const { affectedRows } = await em.execute<{ affectedRows: number }>(
    `INSERT INTO chat.mention (conversation_id, number, user_id, position)
     SELECT member.conversation_id, ?, member.user_id, person.position
     FROM jsonb_array_elements_text(?::jsonb) WITH ORDINALITY AS person(id, position)
     JOIN chat.member ON member.conversation_id = ? AND member.user_id = person.id::uuid
     ORDER BY person.position LIMIT ${MOST_MENTIONS}`,
    [number, JSON.stringify(userIds), conversationId],
    'run',
  )
  return affectedRows
}
