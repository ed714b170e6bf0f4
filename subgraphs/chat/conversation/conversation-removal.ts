import type { EntityManager } from '@mikro-orm/postgresql'
import { BATCH } from './background-work.ts'
import type { ChangeUnderLock } from './conversation-change.ts'

/** In the order in which rows refer to one another. */
const CONTENT = [
  'assistant_task',
  'conversation_summary',
  'tool_quote',
  'tool_call',
  'token_reservation',
  'generation_chunk',
  'generation',
  'conversation_event',
  'mention',
  'reaction',
  'message_edit',
  'message',
  'direct_pair',
  'member',
] as const

/** Who writes replies, of whom a deleted conversation is to be free. */
export interface Replies {
  /**
   * Ends what is being written in a conversation that was deleted, and books what it has cost until now. Never while the
   * conversation's row is locked: workers take their locks in the opposite order.
   */
  stop(fork: () => EntityManager, conversationId: string): Promise<void>
  /**
   * Takes back what replies in other conversations have found in this one, at most so much at a time.
   *
   * @returns how much it was.
   */
  takeBack(em: EntityManager, conversationId: string, most: number): Promise<number>
}

/** Nothing ever takes the mark away again. */
const IS_MARKED = 'id = ? AND deleted_at IS NOT NULL'

/** Deletes the conversation for everybody, by the database's clock; whoever follows it is told so last of all. */
export async function markDeleted({ em, conversation, record }: ChangeUnderLock): Promise<void> {
  await em.execute('UPDATE chat.conversation SET deleted_at = clock_timestamp() WHERE id = ?', [conversation.id])
  record({ kind: 'ConversationDeleted' })
}

/**
 * Removes a conversation that was marked as deleted, with everything in it, in several transactions; its own row goes in
 * the last one, so that whoever is interrupted finds it again. Only one process at a time may do so. Of a conversation
 * that was not marked nothing is touched.
 *
 * @throws the signal's reason when it is aborted in between.
 */
export async function removeConversation(
  fork: () => EntityManager,
  conversationId: string,
  { replies, signal }: { readonly replies: Replies; readonly signal: AbortSignal },
): Promise<void> {
  const [marked] = await fork().execute(`SELECT FROM chat.conversation WHERE ${IS_MARKED}`, [conversationId])
  for (let isOver = !marked; !isOver; ) {
    await replies.stop(fork, conversationId)
    for (let taken = BATCH; taken === BATCH; ) {
      signal.throwIfAborted()
      taken = await replies.takeBack(fork(), conversationId, BATCH)
    }
    for (const table of CONTENT) await empty(fork, table, conversationId, signal)
    isOver = await removeRow(fork(), conversationId)
  }
}

async function empty(
  fork: () => EntityManager,
  table: (typeof CONTENT)[number],
  conversationId: string,
  signal: AbortSignal,
): Promise<void> {
  for (let deleted = BATCH; deleted === BATCH; ) {
    signal.throwIfAborted()
    const result = await fork().execute<{ affectedRows: number }>(
      `DELETE FROM chat.${table}
       WHERE ctid = ANY (ARRAY (SELECT ctid FROM chat.${table} WHERE conversation_id = ? LIMIT ${BATCH}))`,
      [conversationId],
      'run',
    )
    deleted = result.affectedRows
  }
}

/**
 * Deletes the conversation's row and what was committed while its content went.
 *
 * @returns whether this is over. Else a reply was asked for meanwhile; its worker takes its locks in the opposite order,
 * so that it must be stopped without ours.
 */
function removeRow(em: EntityManager, conversationId: string): Promise<boolean> {
  return em.transactional(async (transaction) => {
    // The strongest lock at once: those who are about to write here hold a weaker one, and would wait for ours.
    const [marked] = await transaction.execute(`SELECT FROM chat.conversation WHERE ${IS_MARKED} FOR UPDATE`, [
      conversationId,
    ])
    if (!marked) return true
    const replies = await transaction.execute('SELECT FROM chat.generation WHERE conversation_id = ? LIMIT 1', [
      conversationId,
    ])
    if (replies.length > 0) return false
    for (const table of CONTENT) {
      await transaction.execute(`DELETE FROM chat.${table} WHERE conversation_id = ?`, [conversationId])
    }
    await transaction.execute('DELETE FROM chat.conversation WHERE id = ?', [conversationId])
    return true
  })
}
