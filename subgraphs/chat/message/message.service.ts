import { NotNullConstraintViolationException, UniqueConstraintViolationException } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import type { EventBus } from '../../../platform/event-bus.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import type { ConversationChange, ConversationChanges } from '../conversation/conversation-change.ts'
import type { People } from '../conversation/people.ts'
import { doorbellOf } from '../event-log/conversation-watch.ts'
import { findMentioned, type Mentioned, NOBODY_MENTIONED } from './mentioned-people.ts'
import { Message } from './message.entity.ts'
import { readBody } from './message-input.ts'
import { numberInCursor } from './message-page.ts'
import {
  askerOf,
  countEdits,
  eraseMessage,
  locateMessage,
  numberOfMessage,
  readMessage,
  replaceBody,
  setMentions,
} from './message-record.ts'
import { requireMessageRight } from './policy.ts'
import { findSent, requireWriter, type SentMessage, talkOf } from './sent-message.ts'
import { type NewTalk, storeMessages } from './store-messages.ts'

/** Who answers messages. The feature that does so provides it; messages do not know how replies are made. */
export interface Responder {
  /** Whether a message with this body asks for a reply. */
  isAddressed(conversation: Conversation, body: string): boolean
  /** Records within the caller's transaction that the reply is to be written. */
  enqueue(em: EntityManager, conversation: Conversation, replyId: string): Promise<void>
  /** Called after the commit: there is work. */
  notify(): void
  /** Whether this message is a reply that has not ended yet. */
  isWriting(em: EntityManager, reply: Pick<Message, 'conversationId' | 'id'>): Promise<boolean>
}

/** Something to say. */
export interface SendInput {
  readonly body: string
  readonly clientId: string
  /** The UUID of the message that it replies to. */
  readonly replyToId?: string | null
}

const MOST_EDITS = 30
/** Who joins while a message is refused is tried again; more than once nobody does so. */
const MOST_TRIES = 3

/** Storing, changing and reading what is said. */
export class MessageService {
  readonly #bus: EventBus
  readonly #responder: Responder
  readonly #people: People
  readonly #changes: ConversationChanges

  constructor(options: { bus: EventBus; responder: Responder; people: People; changes: ConversationChanges }) {
    this.#bus = options.bus
    this.#responder = options.responder
    this.#people = options.people
    this.#changes = options.changes
  }

  /**
   * Stores a message, and the reply it asks for, in one transaction; without a reply that is one SQL statement. The same
   * call again, in parallel or years later, returns the same message.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND (replyToId), IDEMPOTENCY_CONFLICT; NotFoundError, ForbiddenError
   */
  async send(em: EntityManager, authorId: string, conversation: Conversation, input: SendInput): Promise<SentMessage> {
    const body = readBody(input.body)
    const replyTo = await readReplyTo(em, conversation.id, input.replyToId)
    const utterance = { conversationId: conversation.id, authorId, clientId: input.clientId, body, replyTo }
    const mentioned = await findMentioned(this.#people, body)
    const talk = talkOf(utterance, mentioned, this.#responder.isAddressed(conversation, body))
    try {
      const sent = await this.#store(em, conversation, talk)
      this.#bus.publish(doorbellOf(conversation.id), null)
      if (sent.reply) this.#responder.notify()
      return sent
    } catch (error) {
      if (!(error instanceof UniqueConstraintViolationException)) throw error
      // It was sent before, or at the same moment and won; the rollback has returned our numbers.
      return findSent(em, utterance)
    }
  }

  /**
   * Changes the viewer's own message and keeps the body before. The same body again changes nothing.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND (it was deleted); NotFoundError, ForbiddenError
   */
  async edit(em: EntityManager, viewer: Viewer, messageId: string, text: string): Promise<Message> {
    const body = readBody(text)
    const located = await locateMessage(em, messageId)
    // Asked before the conversation is locked, so that nobody waits for auth.
    const mentioned = located.body === body ? NOBODY_MENTIONED : await findMentioned(this.#people, body)
    return this.#changes.make(em, viewer, located.conversationId, async (change) => {
      const message = await readMessage(change.em, located)
      requireMessageRight({ ...change, message, askerId: null }, 'change the message')
      if (message.deletedAt) throw new UserFault('NOT_FOUND', 'This message was deleted.', ['input', 'messageId'])
      return message.body === body ? message : replaceText(change, message, body, mentioned)
    })
  }

  /**
   * Deletes a message: its text, edits, mentions and reactions. Of a deleted one nothing changes.
   *
   * @throws UserFault REPLY_RUNNING; NotFoundError, ForbiddenError
   */
  async delete(em: EntityManager, viewer: Viewer, messageId: string): Promise<Message> {
    const located = await locateMessage(em, messageId)
    return this.#changes.make(em, viewer, located.conversationId, async (change) => {
      const message = await readMessage(change.em, located)
      const askerId = await askerOf(change.em, message)
      requireMessageRight({ ...change, message, askerId }, 'delete the message')
      if (message.deletedAt) return message
      if (await this.#responder.isWriting(change.em, message)) {
        const words = 'The reply is still being written; wait until it has ended.'
        throw new UserFault('REPLY_RUNNING', words, ['input', 'messageId'])
      }
      change.record({ kind: 'MessageDeleted', messageId: message.id })
      return eraseMessage(change.em, message)
    })
  }

  /** A conversation's messages in the page's direction, one more than its size where there is one. */
  async list(em: EntityManager, conversationId: string, page: PageRequest): Promise<Message[]> {
    const [comparison, order] = page.direction === 'forward' ? ['>', 'ASC'] : ['<', 'DESC']
    const number = numberInCursor('message', page) ?? null
    const rows = await em.execute(
      `SELECT * FROM chat.message
       WHERE conversation_id = ? AND (?::integer IS NULL OR number ${comparison} ?) ORDER BY number ${order} LIMIT ?`,
      [conversationId, number, number, page.size + 1],
    )
    return readEntities(em, Message, rows)
  }

  async #store(em: EntityManager, conversation: Conversation, talk: NewTalk): Promise<SentMessage> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const [message, reply = null] = await this.#insert(em, conversation, talk).catch(noneToNoMember)
      if (message) return { message, reply }
      await requireWriter(em, talk.conversationId, talk.authorId)
    }
    throw new Error('A member’s message was refused again and again.')
  }

  #insert(em: EntityManager, conversation: Conversation, talk: NewTalk): Promise<Message[]> {
    if (talk.messages.length === 1) return storeMessages(em, talk)
    return em.transactional(async (transaction) => {
      const stored = await storeMessages(transaction, talk)
      const reply = stored[1]
      if (reply) await this.#responder.enqueue(transaction, conversation, reply.id)
      return stored
    })
  }
}

/** The author left while the statement waited for the conversation's row; it was rolled back. */
function noneToNoMember(error: unknown): [] {
  if (error instanceof NotNullConstraintViolationException) return []
  throw error
}

async function readReplyTo(em: EntityManager, conversationId: string, id: string | null | undefined) {
  if (id == null) return null
  const number = await numberOfMessage(em, conversationId, id)
  if (number !== null) return number
  throw new UserFault('NOT_FOUND', 'The message to reply to is not in this conversation.', ['input', 'replyToId'])
}

async function replaceText(change: ConversationChange, message: Message, body: string, mentioned: Mentioned) {
  const edits = await countEdits(change.em, message)
  if (edits >= MOST_EDITS) {
    const words = `A message can be changed ${MOST_EDITS} times; send a new message instead.`
    throw new UserFault('BAD_USER_INPUT', words, ['input', 'messageId'])
  }
  await setMentions(change.em, message, mentioned.userIds)
  change.record({ kind: 'MessageEdited', messageId: message.id })
  return replaceBody(change.em, message, { body, version: edits + 1, mentionsPending: mentioned.isPending })
}
