import type { EntityManager } from '@mikro-orm/postgresql'
import type { Generation } from '../generation/generation.entity.ts'
import type { Prompt } from '../prompt/prompt.ts'

/** The bus topic that rings when there may be a title or a summary to write. */
export const TASK_PLANNED = 'assistant-task-planned'

/**
 * Plans what is to be done beside a reply, within the transaction that has ended it as COMPLETED and before it logs that:
 * a title for a conversation with the assistant, when this is its first completed reply and it has none; a summary, when
 * messages were left out that none tells of. Nothing is planned for whom nobody could pay.
 *
 * @returns whether there is something to be done: `TASK_PLANNED` may ring after the commit, and is missed by nobody but for
 *   the time it saves.
 */
export async function planTasks(
  transaction: EntityManager,
  claim: Pick<Generation, 'conversationId' | 'id'>,
  prompt: Pick<Prompt, 'needsSummary'>,
): Promise<boolean> {
  const planned = await transaction.execute(
    `INSERT INTO chat.assistant_task (conversation_id, kind, requested_by, model, request_id)
     SELECT reply.conversation_id, task.kind, requested_by, model, request_id
     FROM chat.generation reply
     JOIN chat.conversation ON conversation.id = reply.conversation_id
     CROSS JOIN (VALUES ('TITLE'), ('SUMMARY')) AS task(kind)
     WHERE reply.conversation_id = ? AND reply.id = ? AND requested_by IS NOT NULL AND CASE task.kind
       WHEN 'SUMMARY' THEN ?::boolean
       ELSE conversation.kind = 'ASSISTANT' AND title IS NULL AND NOT EXISTS (
         SELECT FROM chat.generation other
         WHERE other.conversation_id = reply.conversation_id AND other.id <> reply.id AND other.status = 'COMPLETED')
     END
     ON CONFLICT (conversation_id, kind) DO NOTHING
     RETURNING kind`,
    [claim.conversationId, claim.id, prompt.needsSummary],
  )
  return planned.length > 0
}
