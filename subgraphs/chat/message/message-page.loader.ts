import type { EntityManager } from '@mikro-orm/postgresql'
import { pageLoader } from '../conversation/page-loader.ts'
import { IS_READABLE } from '../conversation/readable.ts'
import { Message } from './message.entity.ts'
import { keyOf, keysParameter, type MessageKey, WANTED } from './message-key.ts'

const inOrder = { entity: Message, table: 'chat.message', order: [['number', 'integer']] } as const

/** Pages of the messages of conversations. */
export function messagePageLoader(em: EntityManager) {
  return pageLoader<Pick<Message, 'conversationId'>, Message>(em, {
    ...inOrder,
    owners: 'jsonb_array_elements_text(?::jsonb) AS wanted',
    parametersOf: (conversations) => [JSON.stringify(conversations.map(({ conversationId }) => conversationId))],
    condition: 'conversation_id = wanted.value::uuid',
    keyOf: ({ conversationId }) => conversationId,
    ownerOf: ({ conversationId }) => conversationId,
  })
}

/** Pages of the replies to messages, as far as the viewer may see their conversation. */
export function repliesLoader(em: EntityManager, viewerId: string | undefined) {
  return pageLoader<MessageKey, Message>(em, {
    ...inOrder,
    owners: `${WANTED} JOIN chat.conversation ON conversation.id = "conversationId" AND ${IS_READABLE}`,
    parametersOf: (messages) => [keysParameter(messages), viewerId ?? null],
    condition: 'conversation_id = "conversationId" AND reply_to = wanted.number',
    keyOf,
    ownerOf: ({ conversationId, replyTo }) => keyOf({ conversationId, number: replyTo ?? 0 }),
  })
}
