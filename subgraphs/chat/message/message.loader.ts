import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { readEntities } from '../../../platform/entity-rows.ts'
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
