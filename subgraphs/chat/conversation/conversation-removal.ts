import type { EntityManager } from '@mikro-orm/postgresql'
import { BATCH } from './background-work.ts'
import type { ChangeUnderLock } from './conversation-change.ts'

/** In the order in which rows refer to one another. */
const CONTENT = [
  'assistant_task',
  'conversation_summary',
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
  signal: AbortSignal,
): Promise<void> {
  const [marked] = await fork().execute(`SELECT FROM chat.conversation WHERE ${IS_MARKED}`, [conversationId])
  for (let isOver = !marked; !isOver; ) {
    await stopReplies(fork(), conversationId)
    for (const table of CONTENT) await empty(fork, table, conversationId, signal)
    isOver = await removeRow(fork(), conversationId)
  }
}

/**
 * Ends what is being written in a deleted conversation: its worker's next write is refused, and no other one takes it
 * over. What it has cost until now is booked. Never while the conversation's row is locked: workers take their locks in
 * the opposite order.
 */
export async function stopReplies(em: EntityManager, conversationId: string): Promise<void> {
  await em.transactional(async (transaction) => {
    const stopped = await transaction.execute<{ id: string }[]>(
      `UPDATE chat.generation SET status = 'FAILED', lease_until = NULL
       WHERE conversation_id = ? AND status IN ('QUEUED', 'RUNNING') RETURNING id`,
      [conversationId],
    )
    const ids = stopped.map(({ id }) => id)
    if (ids.length > 0) await bookStopped(transaction, conversationId, ids)
  })
}

/**
 * Books what stopped replies have cost. That of a call under way is estimated, at four bytes of text a token: nobody will
 * say it any more. In the order of the accounts, so that no two who book several wait for each other.
 */
async function bookStopped(transaction: EntityManager, conversationId: string, replyIds: string[]): Promise<void> {
  await transaction.execute(
    `WITH call AS (
       DELETE FROM chat.token_reservation WHERE conversation_id = ? RETURNING generation_id, day
     ), cost AS (
       SELECT requested_by AS user_id, coalesce(call.day, (now() AT TIME ZONE 'UTC')::date) AS day, model,
              CASE WHEN call.day IS NULL THEN 0 ELSE coalesce(prompt_tokens, 0) END AS input_tokens,
              CASE WHEN call.day IS NULL THEN 0 ELSE ceil((
                SELECT coalesce(sum(octet_length(text)), 0) FROM chat.generation_chunk chunk
                WHERE chunk.conversation_id = generation.conversation_id AND chunk.generation_id = generation.id
                  AND start_offset >= accounted_length) / 4.0) END AS output_tokens
       FROM chat.generation LEFT JOIN call ON call.generation_id = generation.id
       WHERE conversation_id = ? AND id IN (?) AND requested_by IS NOT NULL
     )
     INSERT INTO chat.usage_day AS booked (user_id, day, model, input_tokens, output_tokens, replies)
     SELECT user_id, day, model, sum(input_tokens), sum(output_tokens), count(*) FROM cost
     GROUP BY user_id, day, model ORDER BY user_id, day, model
     ON CONFLICT (user_id, day, model) DO UPDATE
     SET input_tokens = booked.input_tokens + excluded.input_tokens,
         output_tokens = booked.output_tokens + excluded.output_tokens,
         replies = booked.replies + excluded.replies`,
    [conversationId, conversationId, replyIds],
  )
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
