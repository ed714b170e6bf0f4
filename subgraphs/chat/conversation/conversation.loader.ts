import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { readEntities } from '../../../platform/entity-rows.ts'
import { Conversation } from './conversation.entity.ts'
import { Member } from './member.entity.ts'
import { IS_READABLE } from './readable.ts'

/** Conversations by id, as far as the viewer may see them; null for all others. */
export function conversationLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<string, Conversation | null>(async (ids) => {
    const rows = await em.execute(`SELECT conversation.* FROM chat.conversation WHERE id IN (?) AND ${IS_READABLE}`, [
      [...ids],
      viewerId ?? null,
    ])
    const found = new Map(readEntities(em, Conversation, rows).map((each) => [each.id, each]))
    return ids.map((id) => found.get(id) ?? null)
  })
}

/** The viewer's membership by conversation id; null where there is none. */
export function membershipLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<string, Member | null>(async (conversationIds) => {
    if (viewerId === undefined) return conversationIds.map(() => null)
    const rows = await em.execute('SELECT * FROM chat.member WHERE conversation_id IN (?) AND user_id = ?', [
      [...conversationIds],
      viewerId,
    ])
    const found = new Map(readEntities(em, Member, rows).map((member) => [member.conversationId, member]))
    return conversationIds.map((id) => found.get(id) ?? null)
  })
}
