import type { EntityManager } from '@mikro-orm/postgresql'
import { Member } from './member.entity.ts'
import { pageLoader } from './page-loader.ts'

/** Pages of the members of conversations, in the order of joining. */
export function memberPageLoader(em: EntityManager) {
  return pageLoader<Pick<Member, 'conversationId'>, Member>(em, {
    entity: Member,
    owners: 'jsonb_array_elements_text(?::jsonb) AS wanted',
    parametersOf: (conversations) => [JSON.stringify(conversations.map(({ conversationId }) => conversationId))],
    table: 'chat.member',
    condition: 'conversation_id = wanted.value::uuid',
    order: [
      ['joined_at', 'timestamptz'],
      ['user_id', 'uuid'],
    ],
    keyOf: ({ conversationId }) => conversationId,
    ownerOf: ({ conversationId }) => conversationId,
  })
}
