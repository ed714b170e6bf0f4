import type { EntityManager } from '@mikro-orm/postgresql'
import type { Message } from '../../message/message.entity.ts'
import type { QuotedMessage } from './tool.ts'
import type { ToolCall } from './tool-call.entity.ts'

/** What a result says once a message whose words it held was changed or deleted. */
export const RETRACTED = 'A message in this result was changed or deleted; search again for what is there now.'

/**
 * Notes whose words the result of a call holds. The messages are locked until the transaction ends: who changes one then
 * finds the note. Nobody is waited for, so that it does not matter in which order others lock messages.
 *
 * @returns whether all of them still say what was read; if not, or if one is being changed at the moment, nothing is
 *   noted and the result must not be kept.
 */
export async function storeQuotes(
  transaction: EntityManager,
  { conversationId, id }: Pick<ToolCall, 'conversationId' | 'id'>,
  quotes: readonly QuotedMessage[],
): Promise<boolean> {
  if (quotes.length === 0) return true
  const read = quotes.map((quote) => ({
    ...{ conversation_id: quote.conversationId, number: quote.number, edited_at: quote.editedAt ?? null },
  }))
  const unchanged = await transaction.execute(
    `SELECT FROM jsonb_to_recordset(?::jsonb) AS quote(conversation_id uuid, number integer, edited_at timestamptz)
     JOIN chat.message USING (conversation_id, number)
     WHERE message.deleted_at IS NULL AND message.edited_at IS NOT DISTINCT FROM quote.edited_at
     FOR SHARE OF message SKIP LOCKED`,
    [JSON.stringify(read)],
  )
  if (unchanged.length < quotes.length) return false
  await transaction.execute(
    `INSERT INTO chat.tool_quote (conversation_id, tool_call_id, quoted_conversation_id, message_id)
     SELECT ?, ?, quote.conversation_id, quote.id
     FROM jsonb_to_recordset(?::jsonb) AS quote(conversation_id uuid, id uuid)`,
    [
      conversationId,
      id,
      JSON.stringify(quotes.map((quote) => ({ conversation_id: quote.conversationId, id: quote.id }))),
    ],
  )
  return true
}

const SAME_CALL = 'tool_call.conversation_id = call.conversation_id AND tool_call.id = call.id'
const ITS_QUOTES = 'tool_quote.conversation_id = call.conversation_id AND tool_quote.tool_call_id = call.id'

/**
 * Takes back what tools were asked and answered in a reply that is deleted, and every result, in whatever conversation,
 * that holds words of this message. Calls are locked in the order of their ids, as everybody does who locks several.
 */
export async function retractCalls(
  transaction: EntityManager,
  { conversationId, number, id }: Pick<Message, 'conversationId' | 'number' | 'id'>,
): Promise<void> {
  // Whoever notes a quotation of it at the moment comes first.
  await transaction.execute('SELECT FROM chat.message WHERE conversation_id = ? AND number = ? FOR NO KEY UPDATE', [
    conversationId,
    number,
  ])
  await transaction.execute(
    `WITH call AS (
       SELECT conversation_id, id, message_id FROM chat.tool_call
       WHERE (conversation_id, id) IN (
         SELECT conversation_id, id FROM chat.tool_call WHERE conversation_id = ? AND message_id = ?
         UNION ALL
         SELECT conversation_id, tool_call_id FROM chat.tool_quote WHERE quoted_conversation_id = ? AND message_id = ?)
       ORDER BY id FOR UPDATE OF tool_call
     ), quotes AS (
       DELETE FROM chat.tool_quote USING call WHERE ${ITS_QUOTES}
     ), own AS (
       DELETE FROM chat.tool_call USING call WHERE ${SAME_CALL} AND call.message_id = ?
     )
     UPDATE chat.tool_call SET result = ? FROM call WHERE ${SAME_CALL} AND call.message_id <> ?`,
    [conversationId, id, conversationId, id, id, RETRACTED, id],
  )
}

/**
 * Takes back results that hold words of a conversation's messages, at most so many.
 *
 * @returns how many there were.
 */
export async function retractCallsAbout(em: EntityManager, conversationId: string, most: number): Promise<number> {
  const { affectedRows } = await em.execute<{ affectedRows: number }>(
    `WITH call AS (
       SELECT conversation_id, id FROM chat.tool_call
       WHERE (conversation_id, id) IN (
         SELECT DISTINCT conversation_id, tool_call_id FROM chat.tool_quote WHERE quoted_conversation_id = ? LIMIT ?)
       ORDER BY id FOR UPDATE OF tool_call
     ), quotes AS (
       DELETE FROM chat.tool_quote USING call WHERE ${ITS_QUOTES}
     )
     UPDATE chat.tool_call SET result = ? FROM call WHERE ${SAME_CALL}`,
    [conversationId, most, RETRACTED],
    'run',
  )
  return affectedRows
}
