import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { newUuid } from '../../../../platform/ids.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import { mentionsAssistant } from '../../message/mention-names.ts'
import type { Message } from '../../message/message.entity.ts'
import type { Responder } from '../../message/message.service.ts'
import type { Models } from '../model/models.ts'
import { Generation } from './generation.entity.ts'

/** The bus topic that rings when a reply waits for a worker. */
export const REPLY_QUEUED = 'reply-queued'

/** Queues replies in Postgres: a reply that was asked for in a committed message is always written. */
export class ReplyQueue implements Responder {
  readonly #bus: EventBus
  readonly #models: Models

  constructor(options: { bus: EventBus; models: Models }) {
    this.#bus = options.bus
    this.#models = options.models
  }

  isAddressed(conversation: Conversation, body: string): boolean {
    return conversation.kind === 'ASSISTANT' || mentionsAssistant(body)
  }

  async enqueue(em: EntityManager, conversation: Conversation, replyId: string): Promise<void> {
    await em.insert(Generation, {
      conversationId: conversation.id,
      id: newUuid(),
      messageId: replyId,
      status: 'QUEUED',
      model: conversation.assistant?.model ?? this.#models.defaultModel,
    })
  }

  notify(): void {
    this.#bus.publish(REPLY_QUEUED, null)
  }

  async isWriting(em: EntityManager, reply: Pick<Message, 'conversationId' | 'id'>): Promise<boolean> {
    const { conversationId, id: messageId } = reply
    return (await em.count(Generation, { conversationId, messageId, status: { $in: ['QUEUED', 'RUNNING'] } })) > 0
  }
}
