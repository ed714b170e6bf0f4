import type { EntityManager } from '@mikro-orm/postgresql'
import { UserFault } from '../../../platform/user-fault.ts'
import { Message } from './message.entity.ts'
import type { MessageDraft } from './message-draft.ts'
import { requestDigest } from './request-digest.ts'

/** A stored message, and the reply that it asked for. */
export interface SentMessage {
  message: Message
  reply: Message | null
}

/**
 * What was stored under the client id before. A deleted message has no digest any more: it is what was meant.
 *
 * @throws UserFault IDEMPOTENCY_CONFLICT when that was something else.
 */
export async function findSent(em: EntityManager, draft: MessageDraft): Promise<SentMessage> {
  const { conversationId, authorId, clientId, body, replyTo } = draft
  const message = await em.findOneOrFail(Message, { conversationId, authorId, clientId }, { refresh: true })
  if (message.requestDigest && !requestDigest(body, replyTo).equals(message.requestDigest)) {
    const words = 'This clientId was used for another message; make a new UUID for each message.'
    throw new UserFault('IDEMPOTENCY_CONFLICT', words, ['input', 'clientId'])
  }
  const reply = await em.findOne(Message, { conversationId, answersId: message.id }, { refresh: true })
  return { message, reply }
}
