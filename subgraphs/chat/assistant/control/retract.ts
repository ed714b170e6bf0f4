import type { EntityManager } from '@mikro-orm/postgresql'
import type { Message } from '../../message/message.entity.ts'
import { retractCalls } from '../tools/tool-quotes.ts'

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
 * asked and answered for it, what they found of it for whatever reply, the summary. A reply must have ended.
 */
export async function retractMessage(
  em: EntityManager,
  message: Pick<Message, 'conversationId' | 'number' | 'id' | 'role'>,
): Promise<void> {
  if (message.role === 'ASSISTANT') {
    await em.execute(
      'UPDATE chat.generation SET body = NULL WHERE conversation_id = ? AND message_id = ? AND body IS NOT NULL',
      [message.conversationId, message.id],
    )
  }
  await retractCalls(em, message)
  await retractSummary(em, message)
}
