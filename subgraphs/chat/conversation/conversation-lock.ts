import type { EntityManager } from '@mikro-orm/postgresql'

/**
 * Locks the conversation's row until the transaction ends: whoever changes something in a conversation holds it, and what is
 * read after it is what all holders before have left.
 *
 * @param conversationId a UUID.
 * @returns whether there is such a conversation, and it was not deleted.
 */
export async function lockConversationRow(transaction: EntityManager, conversationId: string): Promise<boolean> {
  const [row] = await transaction.execute<{ isThere: boolean }[]>(
    'SELECT deleted_at IS NULL AS "isThere" FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE',
    [conversationId],
  )
  return row?.isThere ?? false
}
