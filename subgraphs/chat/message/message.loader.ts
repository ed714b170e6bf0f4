import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { readEntities } from '../../../platform/entity-rows.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { IS_READABLE } from '../conversation/readable.ts'
import { Message } from './message.entity.ts'

/** Messages by id, as far as the viewer may see their conversation; null for all others. */
export function messageLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<string, Message | null>(async (ids) => {
    const rows = await em.execute(
      `SELECT message.* FROM chat.message
       JOIN chat.conversation ON conversation.id = message.conversation_id
       WHERE message.id IN (?) AND ${IS_READABLE}`,
      [[...ids], viewerId ?? null],
    )
    const found = new Map(readEntities(em, Message, rows).map((message) => [message.id, message]))
    return ids.map((id) => found.get(id) ?? null)
  })
}

/** The newest message of conversations, which is the one whose number is their count; null for what the viewer may not see. */
export function lastMessageLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<Conversation, Message | null, string>(
    async (conversations) => {
      const rows = await em.execute(
        `SELECT message.* FROM chat.message
         JOIN jsonb_to_recordset(?::jsonb) AS last(id uuid, number integer)
           ON message.conversation_id = last.id AND message.number = last.number
         JOIN chat.conversation ON conversation.id = message.conversation_id
         WHERE ${IS_READABLE}`,
        [JSON.stringify(conversations.map(({ id, messageCount }) => ({ id, number: messageCount }))), viewerId ?? null],
      )
      const found = new Map(readEntities(em, Message, rows).map((message) => [message.conversationId, message]))
      return conversations.map(({ id }) => found.get(id) ?? null)
    },
    { cacheKeyFn: ({ id }) => id },
  )
}
