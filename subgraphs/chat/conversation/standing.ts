import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { Conversation } from './conversation.entity.ts'
import { Member } from './member.entity.ts'
import { type Deed, requireRight, type Standing } from './policy.ts'

/**
 * Refuses what the policy does not allow at this moment, by what the database holds now. It takes no lock: a change must
 * judge the right again under `ConversationChanges`.
 *
 * @param conversationId a UUID.
 * @returns the conversation as it is now.
 * @throws NotFoundError when the conversation does not exist, was deleted, or may not be seen; else ForbiddenError.
 */
export async function requireRightNow(
  em: EntityManager,
  viewer: Standing['viewer'],
  conversationId: string,
  deed: Deed,
): Promise<Conversation> {
  const conversation = await em.findOne(Conversation, { id: conversationId, deletedAt: null }, { refresh: true })
  if (!conversation) throw new NotFoundError('conversation')
  const membership = await em.findOne(Member, { conversationId, userId: viewer.userId }, { refresh: true })
  requireRight({ viewer, conversation, role: membership?.role ?? null }, deed)
  return conversation
}
