import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { Conversation } from '../conversation/conversation.entity.ts'
import { Member } from '../conversation/member.entity.ts'
import { requireRight } from '../conversation/policy.ts'
import type { Mentioned } from './mentioned-people.ts'
import { Message } from './message.entity.ts'
import { requestDigest } from './request-digest.ts'
import type { NewMessage, NewTalk } from './store-messages.ts'

/** A stored message, and the reply that it asked for. */
export interface SentMessage {
  message: Message
  reply: Message | null
}

/** What somebody says, checked. Ids are UUIDs. */
export interface Utterance {
  readonly conversationId: string
  readonly authorId: string
  readonly clientId: string
  readonly body: string
  /** The number of the message that it replies to. */
  readonly replyTo: number | null
}

/** The rows that say it: the message, and behind it the reply that is to be written when one is asked for. */
export function talkOf(utterance: Utterance, mentioned: Mentioned, asksForReply: boolean): NewTalk {
  const { conversationId, ...spoken } = utterance
  const message: NewMessage = {
    ...spoken,
    id: newUuid(),
    role: 'USER',
    answersId: null,
    digest: requestDigest(spoken.body, spoken.replyTo),
    mentionsPending: mentioned.isPending,
  }
  return {
    conversationId,
    authorId: spoken.authorId,
    messages: asksForReply ? [message, replyTo(message)] : [message],
    mentioned: mentioned.userIds,
  }
}

function replyTo(question: NewMessage): NewMessage {
  const fromNobody = { authorId: null, clientId: null, replyTo: null, digest: null, mentionsPending: false }
  return { ...fromNobody, id: newUuid(), role: 'ASSISTANT', answersId: question.id, body: '' }
}

/**
 * What was stored under the client id before. A deleted message has no digest any more: it is what was meant.
 *
 * @throws UserFault IDEMPOTENCY_CONFLICT when that was something else.
 */
export async function findSent(em: EntityManager, utterance: Utterance): Promise<SentMessage> {
  const { conversationId, authorId, clientId, body, replyTo } = utterance
  const message = await em.findOneOrFail(Message, { conversationId, authorId, clientId }, { refresh: true })
  if (message.requestDigest && !requestDigest(body, replyTo).equals(message.requestDigest)) {
    const words = 'This clientId was used for another message; make a new UUID for each message.'
    throw new UserFault('IDEMPOTENCY_CONFLICT', words, ['input', 'clientId'])
  }
  const reply = await em.findOne(Message, { conversationId, answersId: message.id }, { refresh: true })
  return { message, reply }
}

/**
 * Says why somebody's message was not stored.
 *
 * @throws NotFoundError, ForbiddenError; nothing to who may write by now.
 */
export async function requireWriter(em: EntityManager, conversationId: string, userId: string): Promise<void> {
  const conversation = await em.findOne(Conversation, { id: conversationId, deletedAt: null }, { refresh: true })
  if (!conversation) throw new NotFoundError('conversation')
  const member = await em.findOne(Member, { conversationId, userId }, { refresh: true })
  const viewer = { userId, scope: new Set<string>() }
  requireRight({ viewer, conversation, role: member?.role ?? null }, 'write in the conversation')
}
