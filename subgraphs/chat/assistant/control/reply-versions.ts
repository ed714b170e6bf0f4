import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../../platform/ids.ts'
import { originNow } from '../../../../platform/origin.ts'
import type { Message } from '../../message/message.entity.ts'
import { Generation } from '../generation/generation.entity.ts'

/** A reply whose versions are changed: the conversation's row is locked, and none of them is at work. */
type Reply = Pick<Message, 'conversationId' | 'number' | 'id' | 'body'>

/** What is to be known of a version to change it; its text, which may be long, stays in the database. */
export type Version = Pick<
  Generation,
  'id' | 'status' | 'isSelected' | 'attempt' | 'requestedBy' | 'finishReason' | 'errorCode'
>

/** All versions of a reply as they are now, oldest first. */
export function readVersions(
  em: EntityManager,
  { conversationId, id }: Pick<Message, 'conversationId' | 'id'>,
): Promise<Version[]> {
  return em.execute<Version[]>(
    `SELECT id, status, is_selected AS "isSelected", attempt, requested_by AS "requestedBy",
       finish_reason AS "finishReason", error_code AS "errorCode"
     FROM chat.generation WHERE conversation_id = ? AND message_id = ? ORDER BY created_at, id`,
    [conversationId, id],
  )
}

/** Whether it waits to be written, or is being written. */
export function isAtWork({ status }: Pick<Version, 'status'>): boolean {
  return status === 'QUEUED' || status === 'RUNNING'
}

/**
 * Adds a version that is to be written and shows it; the one that was shown before keeps its text.
 *
 * @param version.attempt the highest that any version has had so far.
 */
export async function storeVersion(
  em: EntityManager,
  reply: Reply,
  version: { readonly model: string; readonly requestedBy: string; readonly attempt: number },
): Promise<void> {
  await putAside(em, reply)
  await em.execute("UPDATE chat.message SET body = '' WHERE conversation_id = ? AND number = ?", [
    reply.conversationId,
    reply.number,
  ])
  await em.insert(Generation, {
    ...version,
    ...originNow(),
    conversationId: reply.conversationId,
    id: newUuid(),
    messageId: reply.id,
    status: 'QUEUED',
    baseAttempt: version.attempt,
  })
}

/** Shows another version of the reply. */
export async function showVersion(em: EntityManager, reply: Reply, { id }: Pick<Version, 'id'>): Promise<void> {
  await putAside(em, reply)
  const key = [reply.conversationId, id]
  // Each part reads what was true before the statement.
  await em.execute(
    `WITH shown AS (UPDATE chat.generation SET is_selected = true, body = NULL WHERE conversation_id = ? AND id = ?)
     UPDATE chat.message
     SET body = coalesce((SELECT body FROM chat.generation WHERE conversation_id = ? AND id = ?), '')
     WHERE conversation_id = ? AND number = ?`,
    [...key, ...key, reply.conversationId, reply.number],
  )
}

/**
 * Has a worker go on with a version that has ended and is shown: its text is that of a growing one again, and every attempt
 * from now on keeps it. Its attempts go on behind those of all versions, so that a position in another one is never taken
 * for one in this.
 */
export async function reopenVersion(
  em: EntityManager,
  reply: Reply,
  { id, attempt }: Pick<Version, 'id' | 'attempt'>,
  requestedBy: string,
): Promise<void> {
  const { conversationId, number, body } = reply
  const { requestId, traceparent } = originNow()
  await em.execute(
    `WITH newest AS (
       SELECT max(attempt) AS attempt FROM chat.generation WHERE conversation_id = ? AND message_id = ?
     ), text AS (
       INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
       SELECT conversation_id, ?, ?, 0, ?, body FROM chat.message
       WHERE conversation_id = ? AND number = ? AND body <> ''
     ), shown AS (
       UPDATE chat.message SET body = '' WHERE conversation_id = ? AND number = ?
     )
     UPDATE chat.generation
     SET status = 'QUEUED', continues = true, requested_by = ?, request_id = ?, trace_parent = ?,
         waiting_since = now(), is_parked = false, lost_workers = 0, lease_until = NULL,
         text_length = ?, step_length = ?, accounted_length = ?, prompt_tokens = NULL, finish_reason = NULL,
         finished_at = NULL, error_code = NULL, error_message = NULL,
         attempt = CASE WHEN newest.attempt > generation.attempt THEN newest.attempt + 1 ELSE generation.attempt END,
         base_attempt = CASE WHEN newest.attempt > generation.attempt THEN newest.attempt ELSE base_attempt END,
         kept_length = CASE WHEN newest.attempt > generation.attempt THEN NULL ELSE kept_length END
     FROM newest
     WHERE conversation_id = ? AND id = ?`,
    [
      ...[conversationId, reply.id],
      ...[id, attempt, body.length, conversationId, number, conversationId, number],
      ...[requestedBy, requestId, traceparent, body.length, body.length, body.length, conversationId, id],
    ],
  )
}

/** Takes the shown version's text to itself; no version is shown then. */
async function putAside(em: EntityManager, { conversationId, id, body }: Reply): Promise<void> {
  await em.execute(
    `UPDATE chat.generation SET is_selected = false, body = ?
     WHERE conversation_id = ? AND message_id = ? AND is_selected`,
    [body, conversationId, id],
  )
}
