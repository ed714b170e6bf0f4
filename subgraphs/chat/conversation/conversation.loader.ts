import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { Conversation } from './conversation.entity.ts'
import { Member } from './member.entity.ts'

/** Conversations by id, as far as the viewer is a member of them; null for all others. */
export function conversationLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<string, Conversation | null>(async (ids) => {
    const rows = await em.execute(
      `SELECT c.* FROM chat.conversation c
       JOIN chat.member m ON m.conversation_id = c.id AND m.user_id = ?
       WHERE c.id IN (?)`,
      [viewerId ?? null, [...ids]],
    )
    const found = new Map(rows.map((row) => em.map(Conversation, row)).map((each) => [each.id, each]))
    return ids.map((id) => found.get(id) ?? null)
  })
}

/** The viewer's membership by conversation id; null where there is none. */
export function membershipLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<string, Member | null>(async (conversationIds) => {
    if (viewerId === undefined) return conversationIds.map(() => null)
    const members = await em.find(Member, { conversationId: { $in: [...conversationIds] }, userId: viewerId })
    const found = new Map(members.map((member) => [member.conversationId, member]))
    return conversationIds.map((id) => found.get(id) ?? null)
  })
}
