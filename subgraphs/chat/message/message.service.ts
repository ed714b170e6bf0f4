import { NotNullConstraintViolationException, UniqueConstraintViolationException } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import type { ConversationChange, ConversationChanges } from '../conversation/conversation-change.ts'
import type { People } from '../conversation/people.ts'
import { requireRightNow } from '../conversation/standing.ts'
import { doorbellOf, ringOf } from '../event-log/doorbell.ts'
import { eraseMessage, replaceBody } from './change-message.ts'
import { countEdits, findMessage, numberOfMessage } from './find-message.ts'
import { mentionedNames } from './mention-names.ts'
import { findMentioned, type Mentioned } from './mentioned-people.ts'
import type { Message } from './message.entity.ts'
import { batchOf } from './message-draft.ts'
import { readBody } from './message-input.ts'
import { requireMessageRight } from './policy.ts'
import { findSent, type SentMessage } from './sent-message.ts'
import { replaceMentions } from './store-mentions.ts'
import { type MessageBatch, type StoredMessages, storeMessages } from './store-messages.ts'

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
const ASKED_LATER: Mentioned = { userIds: [], isPending: true }
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
   * Stores a message, and the reply it asks for, in one transaction; without a reply or mentions that is one SQL
   * statement. The same call again, in parallel or years later, returns the same message.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND (replyToId), IDEMPOTENCY_CONFLICT; NotFoundError, ForbiddenError
   */
  async send(em: EntityManager, authorId: string, conversation: Conversation, input: SendInput): Promise<SentMessage> {
    const body = readBody(input.body)
    const replyTo = await readReplyTo(em, conversation.id, input.replyToId)
    const mentions = mentionedNames(body)
    // Storing judges the right too; auth is not asked on behalf of who lacks it.
    if (mentions.length > 0) await requireWriter(em, conversation.id, authorId)
    const mentioned = await findMentioned(this.#people, mentions)
    const draft = { conversationId: conversation.id, authorId, clientId: input.clientId, body, replyTo }
    const batch = batchOf(draft, mentioned, this.#responder.isAddressed(conversation, body))
    try {
      const { sent, appended } = await this.#store(em, conversation, batch)
      this.#bus.publish(doorbellOf(conversation.id), ringOf(appended))
      if (sent.reply) this.#responder.notify()
      return sent
    } catch (error) {
      if (!(error instanceof UniqueConstraintViolationException)) throw error
      // It was sent before, or at the same moment and won; the rollback has returned our numbers.
      return findSent(em, draft)
    }
  }

  /**
   * Changes the viewer's own message and keeps the body before. The same body again changes nothing.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND (it was deleted); NotFoundError, ForbiddenError
   */
  async edit(em: EntityManager, viewer: Viewer, messageId: string, text: string): Promise<Message> {
    const body = readBody(text)
    const before = await findMessage(em, viewer, messageId)
    requireMessageRight(before, 'change the message')
    // Asked before the conversation is locked, so that nobody waits for auth; and not at all when there is nothing to
    // change, which may turn out otherwise under the lock.
    const mentioned =
      before.message.body === body ? ASKED_LATER : await findMentioned(this.#people, mentionedNames(body))
    return this.#changes.make(em, viewer, before.message.conversationId, async (change) => {
      const found = await findMessage(change.em, viewer, messageId)
      requireMessageRight(found, 'change the message')
      const { message } = found
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
    const before = await findMessage(em, viewer, messageId)
    requireMessageRight(before, 'delete the message')
    return this.#changes.make(em, viewer, before.message.conversationId, async (change) => {
      const found = await findMessage(change.em, viewer, messageId)
      requireMessageRight(found, 'delete the message')
      const { message } = found
      if (message.deletedAt) return message
      if (await this.#responder.isWriting(change.em, message)) {
        const words = 'The reply is still being written; wait until it has ended.'
        throw new UserFault('REPLY_RUNNING', words, ['input', 'messageId'])
      }
      change.record({ kind: 'MessageDeleted', messageId: message.id })
      return eraseMessage(change.em, message)
    })
  }

  async #store(em: EntityManager, conversation: Conversation, batch: MessageBatch) {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const stored = await this.#insert(em, conversation, batch).catch(nothingFromNoMember)
      const [message, reply = null] = stored?.messages ?? []
      if (stored && message) return { sent: { message, reply }, appended: stored.appended }
      await requireWriter(em, batch.conversationId, batch.authorId)
    }
    throw new Error('A member’s message was refused again and again.')
  }

  #insert(em: EntityManager, conversation: Conversation, batch: MessageBatch): Promise<StoredMessages | null> {
    if (batch.messages.length === 1 && batch.mentioned.length === 0) return storeMessages(em, batch)
    return em.transactional(async (transaction) => {
      const stored = await storeMessages(transaction, batch)
      const reply = stored?.messages[1]
      if (reply) await this.#responder.enqueue(transaction, conversation, reply.id)
      return stored
    })
  }
}

/** The author left while the statement waited for the conversation's row; it was rolled back. */
function nothingFromNoMember(error: unknown): null {
  if (error instanceof NotNullConstraintViolationException) return null
  throw error
}

/** By what is true now, without a lock. Only members write, whatever else somebody may do. */
async function requireWriter(em: EntityManager, conversationId: string, userId: string): Promise<void> {
  await requireRightNow(em, { userId, scope: new Set() }, conversationId, 'write in the conversation')
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
  await replaceMentions(change.em, message, mentioned.userIds)
  change.record({ kind: 'MessageEdited', messageId: message.id })
  return replaceBody(change.em, message, { body, version: edits + 1, mentionsPending: mentioned.isPending })
}
