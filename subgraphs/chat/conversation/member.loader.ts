import type { EntityManager } from '@mikro-orm/postgresql'
import { Member } from './member.entity.ts'
import { pageLoader } from './page-loader.ts'

/** Pages of the members of conversations, in the order of joining, as far as the viewer may see the conversation. */
export function memberPageLoader(em: EntityManager, viewerId: string | undefined) {
  return pageLoader<Pick<Member, 'conversationId'>, Member>(em, viewerId, {
    entity: Member,
    owners: 'jsonb_array_elements_text(?::jsonb) AS wanted',
    parameterOf: (conversations) => JSON.stringify(conversations.map(({ conversationId }) => conversationId)),
    conversationId: 'wanted.value::uuid',
    table: 'chat.member',
    condition: 'conversation_id = conversation.id',
    order: [
      ['joined_at', 'timestamptz'],
      ['user_id', 'uuid'],
    ],
    keyOf: ({ conversationId }) => conversationId,
    ownerOf: ({ conversationId }) => conversationId,
  })
}
