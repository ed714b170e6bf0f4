import type { EntityManager } from '@mikro-orm/postgresql'
import { readEntities } from '../../../platform/entity-rows.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import type { Standing } from '../conversation/policy.ts'
import { Message } from './message.entity.ts'
import type { MessageKey } from './message-key.ts'
import type { MessageStanding } from './policy.ts'

/** A message, and how somebody stands to it. */
export interface FoundMessage extends Standing, MessageStanding {
  readonly message: Message
}

/**
 * The message with this UUID as it is now in the database, with how the viewer stands to it. Whether they may know of it
 * is for the policy to judge: under the conversation's lock for good, and without it before anybody is kept waiting.
 *
 * @throws NotFoundError when it does not exist, or its conversation was deleted.
 */
export async function findMessage(em: EntityManager, viewer: Standing['viewer'], id: string): Promise<FoundMessage> {
  const [row] = await em.execute<FoundRow[]>(
    `SELECT message.*, conversation.kind, member.role AS "viewerRole", question.author_id AS "askerId"
     FROM chat.message
     JOIN chat.conversation ON conversation.id = message.conversation_id
     LEFT JOIN chat.member ON member.conversation_id = conversation.id AND member.user_id = ?
     LEFT JOIN chat.message question
       ON question.conversation_id = conversation.id AND question.id = message.answers_id
     WHERE message.id = ? AND conversation.deleted_at IS NULL`,
    [viewer.userId, id],
  )
  const [message] = readEntities(em, Message, row ? [row] : [])
  if (!row || !message) throw new NotFoundError('message')
  return { viewer, conversation: { kind: row.kind }, role: row.viewerRole, message, askerId: row.askerId }
}

interface FoundRow {
  readonly kind: Standing['conversation']['kind']
  readonly viewerRole: Standing['role']
  readonly askerId: string | null
}

/** The number of a message in this conversation; null when it is none of its messages. */
export async function numberOfMessage(em: EntityManager, conversationId: string, id: string): Promise<number | null> {
  const [found] = await em.execute<{ number: number }[]>(
    'SELECT number FROM chat.message WHERE id = ? AND conversation_id = ?',
    [id, conversationId],
  )
  return found?.number ?? null
}

/** How often the message was changed. */
export async function countEdits(em: EntityManager, { conversationId, number }: MessageKey): Promise<number> {
  const [counted] = await em.execute<[{ count: number }]>(
    'SELECT count(*)::integer AS count FROM chat.message_edit WHERE conversation_id = ? AND number = ?',
    [conversationId, number],
  )
  return counted.count
}
