import type { EntityManager } from '@mikro-orm/postgresql'
import type { MessageKey } from './message-key.ts'

/** So many members a message mentions at most. */
const MOST_MENTIONS = 50

/**
 * SQL that makes the members among some people, in their order, those whom a message mentions. It takes one parameter
 * behind those of `message`: the people's UUIDs as JSON.
 *
 * @param message SQL for one row `(conversation_id, number)`.
 */
export const insertMentions = (message: string) => `
  INSERT INTO chat.mention (conversation_id, number, user_id, position)
  SELECT message.conversation_id, message.number, member.user_id, person.position
  FROM (${message}) AS message
  CROSS JOIN jsonb_array_elements_text(?::jsonb) WITH ORDINALITY AS person(id, position)
  JOIN chat.member ON member.conversation_id = message.conversation_id AND member.user_id = person.id::uuid
  ORDER BY person.position LIMIT ${MOST_MENTIONS}`

const REPLACE_MENTIONS = insertMentions('SELECT ?::uuid AS conversation_id, ?::integer AS number')

/** Makes the members among these people, in this order, those whom the message mentions; returns how many they are. */
export async function replaceMentions(
  em: EntityManager,
  { conversationId, number }: MessageKey,
  userIds: readonly string[],
): Promise<number> {
  await em.execute('DELETE FROM chat.mention WHERE conversation_id = ? AND number = ?', [conversationId, number])
  if (userIds.length === 0) return 0
  const { affectedRows } = await em.execute<{ affectedRows: number }>(
    REPLACE_MENTIONS,
    [conversationId, number, JSON.stringify(userIds)],
    'run',
  )
  return affectedRows
}
