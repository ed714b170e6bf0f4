import type { EntityManager } from '@mikro-orm/postgresql'
import { Member } from './member.entity.ts'
import { ofWholeConversations, pageLoader } from './page-loader.ts'

/** Pages of the members of conversations, in the order of joining, as far as the viewer may see the conversation. */
export function memberPageLoader(em: EntityManager, viewerId: string | undefined) {
  return pageLoader<Pick<Member, 'conversationId'>, Member>(em, viewerId, {
    ...ofWholeConversations,
    entity: Member,
    table: 'chat.member',
    order: [
      ['joined_at', 'timestamptz'],
      ['user_id', 'uuid'],
    ],
  })
}
