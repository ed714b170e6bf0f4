import { UniqueConstraintViolationException } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { decodeCursor, type PageRequest } from '../../../platform/connection.ts'
import type { EventBus } from '../../../platform/event-bus.ts'
import { newUuid } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { doorbellOf } from '../event-log/conversation-watch.ts'
import { Message } from './message.entity.ts'
import { readBody } from './message-input.ts'
import { type NewMessage, storeMessages } from './store-messages.ts'

/** Who answers messages. The feature that does so provides it; messages do not know how replies are made. */
export interface Responder {
  /** Whether a message with this body asks for a reply. */
  isAddressed(conversation: Conversation, body: string): boolean
  /** Records within the caller's transaction that the reply is to be written. */
  enqueue(em: EntityManager, conversation: Conversation, replyId: string): Promise<void>
  /** Called after the commit: there is work. */
  notify(): void
}

export interface SentMessage {
  message: Message
  reply: Message | null
}

/** Storing and reading what is said. */
export class MessageService {
  readonly #bus: EventBus
  readonly #responder: Responder

  constructor(options: { bus: EventBus; responder: Responder }) {
    this.#bus = options.bus
    this.#responder = options.responder
  }

  /**
   * Stores a message, and the reply it asks for, in one transaction. The same call again, in parallel or years later,
   * returns the same message.
   *
   * @throws UserFault BAD_USER_INPUT, IDEMPOTENCY_CONFLICT
   */
  async send(
    em: EntityManager,
    authorId: string,
    conversation: Conversation,
    input: { body: string; clientId: string },
  ): Promise<SentMessage> {
    const question = {
      id: newUuid(),
      role: 'USER' as const,
      authorId,
      clientId: input.clientId,
      answersId: null,
      body: readBody(input.body),
    }
    const earlier = await this.#findSent(em, conversation, question)
    if (earlier) return earlier
    try {
      await this.#store(em, conversation, question)
    } catch (error) {
      if (!(error instanceof UniqueConstraintViolationException)) throw error
      // The same send ran in parallel and won; the rollback has returned our numbers.
    }
    const sent = await this.#findSent(em, conversation, question)
    if (!sent) throw new Error('A message that was just stored cannot be found.')
    this.#bus.publish(doorbellOf(conversation.id), null)
    if (sent.reply) this.#responder.notify()
    return sent
  }

  /** A conversation's messages in the page's direction, one more than its size where there is one. */
  list(em: EntityManager, conversationId: string, page: PageRequest): Promise<Message[]> {
    const number = page.cursor === undefined ? undefined : decodeCursor('message', page.cursor, isNumber)
    const beyond = page.direction === 'forward' ? { $gt: number ?? 0 } : number === undefined ? {} : { $lt: number }
    return em.find(
      Message,
      { conversationId, number: beyond },
      { orderBy: { number: page.direction === 'forward' ? 'asc' : 'desc' }, limit: page.size + 1 },
    )
  }

  async #store(em: EntityManager, conversation: Conversation, question: NewMessage): Promise<void> {
    if (!this.#responder.isAddressed(conversation, question.body)) {
      await storeMessages(em, conversation.id, [question])
      return
    }
    const reply: NewMessage = {
      id: newUuid(),
      role: 'ASSISTANT',
      authorId: null,
      clientId: null,
      answersId: question.id,
      body: '',
    }
    await em.transactional(async (transaction) => {
      await this.#responder.enqueue(transaction, conversation, reply.id)
      await storeMessages(transaction, conversation.id, [question, reply])
    })
  }

  async #findSent(em: EntityManager, conversation: Conversation, question: NewMessage): Promise<SentMessage | null> {
    const { authorId, clientId, body } = question
    const message = await em.findOne(Message, { conversationId: conversation.id, authorId, clientId })
    if (!message) return null
    if (message.body !== body) {
      const words = 'This clientId was used for another message; make a new UUID for each message.'
      throw new UserFault('IDEMPOTENCY_CONFLICT', words, ['input', 'clientId'])
    }
    const reply = await em.findOne(Message, { conversationId: conversation.id, answersId: message.id })
    return { message, reply }
  }
}

/** A message number fits Postgres' `integer`. */
function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31 - 1
}
