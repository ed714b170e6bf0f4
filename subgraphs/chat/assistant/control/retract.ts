import type { EntityManager } from '@mikro-orm/postgresql'
import type { Message } from '../../message/message.entity.ts'

/** Forgets the summary of the conversation if it tells of this message, which says something else from now on. */
export async function retractSummary(
  em: EntityManager,
  { conversationId, number }: Pick<Message, 'conversationId' | 'number'>,
): Promise<void> {
  await em.execute('DELETE FROM chat.conversation_summary WHERE conversation_id = ? AND ? BETWEEN since AND up_to', [
    conversationId,
    number,
  ])
}

/**
 * Forgets everything beside a message in which its words may be: the texts of a reply's other versions, what tools were
 * asked and answered, the summary. A reply must have ended.
 */
export async function retractMessage(
  em: EntityManager,
  message: Pick<Message, 'conversationId' | 'number' | 'id' | 'role'>,
): Promise<void> {
  const key = [message.conversationId, message.id]
  if (message.role === 'ASSISTANT') {
    await em.execute(
      `WITH calls AS (DELETE FROM chat.tool_call WHERE conversation_id = ? AND message_id = ?)
       UPDATE chat.generation SET body = NULL WHERE conversation_id = ? AND message_id = ? AND body IS NOT NULL`,
      [...key, ...key],
    )
  }
  await retractSummary(em, message)
}
