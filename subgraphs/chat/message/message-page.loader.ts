import type { EntityManager } from '@mikro-orm/postgresql'
import { ofWholeConversations, pageLoader } from '../conversation/page-loader.ts'
import { Message } from './message.entity.ts'
import { keyOf, keysParameter, type MessageKey, WANTED } from './message-key.ts'

const inOrder = { entity: Message, table: 'chat.message', order: [['number', 'integer']] } as const

/** Pages of the messages of conversations, as far as the viewer may see them. */
export function messagePageLoader(em: EntityManager, viewerId: string | undefined) {
  return pageLoader<Pick<Message, 'conversationId'>, Message>(em, viewerId, {
    ...inOrder,
    ...ofWholeConversations,
  })
}

/** Pages of the replies to messages, as far as the viewer may see their conversation. */
export function repliesLoader(em: EntityManager, viewerId: string | undefined) {
  return pageLoader<MessageKey, Message>(em, viewerId, {
    ...inOrder,
    owners: WANTED,
    parameterOf: keysParameter,
    conversationId: '"conversationId"',
    condition: 'conversation_id = conversation.id AND reply_to = wanted.number',
    keyOf,
    ownerOf: ({ conversationId, replyTo }) => keyOf({ conversationId, number: replyTo ?? 0 }),
  })
}
