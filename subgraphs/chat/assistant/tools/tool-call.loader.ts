import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { readEntities } from '../../../../platform/entity-rows.ts'
import type { Message } from '../../message/message.entity.ts'
import { ToolCall } from './tool-call.entity.ts'

/** What the selected version of each reply had tools do, in order. */
export function toolCallLoader(em: EntityManager) {
  return new DataLoader<Pick<Message, 'conversationId' | 'id'>, ToolCall[], string>(
    async (messages) => {
      const rows = await em.execute(
        `SELECT tool_call.* FROM jsonb_to_recordset(?::jsonb) AS message(id uuid, "conversationId" uuid)
         JOIN chat.generation ON generation.conversation_id = message."conversationId"
           AND generation.message_id = message.id AND generation.is_selected
         JOIN chat.tool_call ON tool_call.conversation_id = generation.conversation_id
           AND tool_call.generation_id = generation.id
         ORDER BY tool_call.step, tool_call.position`,
        [JSON.stringify(messages.map(({ id, conversationId }) => ({ id, conversationId })))],
      )
      const found = Map.groupBy(readEntities(em, ToolCall, rows), ({ messageId }) => messageId)
      return messages.map(({ id }) => found.get(id) ?? [])
    },
    { cacheKeyFn: ({ id }) => id },
  )
}
