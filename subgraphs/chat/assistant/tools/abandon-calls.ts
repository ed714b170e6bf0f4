import type { EntityManager } from '@mikro-orm/postgresql'
import type { Generation } from '../generation/generation.entity.ts'

const MAY_BE_DONE = 'The reply was ended while this was at work: it may have been done, or not.'
const NOT_BEGUN = 'The reply was ended before this was begun: it was not done.'
const NOT_APPROVED = 'The reply was ended before anybody allowed this: it was not done.'

/**
 * Closes the calls that have no result when their reply ends before they do, so that nobody answers them any more and
 * a model that goes on with the reply is told. For every ending within the caller's transaction, which logs it.
 */
export async function abandonCalls(
  transaction: EntityManager,
  { conversationId, id }: Pick<Generation, 'conversationId' | 'id'>,
): Promise<void> {
  await transaction.execute(
    `UPDATE chat.tool_call
     SET status = CASE status WHEN 'AWAITING_APPROVAL' THEN 'REFUSED' ELSE 'FAILED' END, finished_at = now(),
         result = CASE WHEN status = 'AWAITING_APPROVAL' THEN ? WHEN started_at IS NULL THEN ? ELSE ? END
     WHERE conversation_id = ? AND generation_id = ? AND status IN ('AWAITING_APPROVAL', 'RUNNING')`,
    [NOT_APPROVED, NOT_BEGUN, MAY_BE_DONE, conversationId, id],
  )
}
