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
import { type AppendedEvents, appendEvents, type NewEvent } from '../event-log/event-log.ts'
import { eraseMessage, replaceBody } from './change-message.ts'
import { countEdits, findMessage, numberOfMessage } from './find-message.ts'
import { mentionedNames } from './mention-names.ts'
import { findMentioned, type Mentioned } from './mentioned-people.ts'
import type { Message } from './message.entity.ts'
import { batchOf } from './message-draft.ts'
import { readBody } from './message-input.ts'
import { MessageMetrics } from './message-metrics.ts'
import { requireMessageRight } from './policy.ts'
import { replyRunning } from './reply-running.ts'
import { findSent, type SentMessage } from './sent-message.ts'
import { replaceMentions } from './store-mentions.ts'
import { type MessageBatch, type StoredMessages, storeMessages } from './store-messages.ts'

/** Who answers messages. The feature that does so provides it; messages do not know how replies are made. */
export interface Responder {
  /** Whether a message with this body asks for a reply. */
  isAddressed(conversation: Conversation, body: string): boolean
  /**
   * Records within the caller's transaction that the reply is to be written, for whoever asked for it.
   *
   * @returns what is to be logged behind the reply's MessageAdded.
   */
  enqueue(
    em: EntityManager,
    conversation: Conversation,
    reply: Message,
    requestedBy: string,
  ): Promise<readonly NewEvent[]>
  /**
   * Has the reply to this message written anew, as part of the change that gave the message another body.
   *
   * @throws UserFault BAD_USER_INPUT (there is none), REPLY_RUNNING, QUOTA_EXCEEDED
   */
  answerAnew(change: ConversationChange, message: Message): Promise<void>
  /** Forgets what it keeps of the words of a message that is changed or deleted, within the caller's transaction. */
  retract(em: EntityManager, message: Message): Promise<void>
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
  readonly #metrics: MessageMetrics

  constructor(options: {
    bus: EventBus
    responder: Responder
    people: People
    changes: ConversationChanges
    metrics?: MessageMetrics | undefined
  }) {
    this.#bus = options.bus
    this.#responder = options.responder
    this.#people = options.people
    this.#changes = options.changes
    this.#metrics = options.metrics ?? new MessageMetrics()
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
      this.#metrics.stored(batch.messages)
      // First who writes the reply: until the others are told, it has begun.
      if (sent.reply) this.#responder.notify()
      this.#bus.publish(doorbellOf(conversation.id), ringOf(appended))
      return sent
    } catch (error) {
      if (!(error instanceof UniqueConstraintViolationException)) throw error
      // It was sent before, or at the same moment and won; the rollback has returned our numbers.
      return findSent(em, draft)
    }
  }

  /**
   * Changes the viewer's own message and keeps the body before. The same body again changes nothing, and asks for
   * nothing: so a retry is safe.
   *
   * @param options.regenerate whether the reply to it is to be written anew.
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND (it was deleted), and with `regenerate` what `Responder.answerAnew`
   * throws; NotFoundError, ForbiddenError
   */
  async edit(
    em: EntityManager,
    viewer: Viewer,
    messageId: string,
    text: string,
    { regenerate = false }: { regenerate?: boolean } = {},
  ): Promise<Message> {
    const body = readBody(text)
    const before = await findMessage(em, viewer, messageId)
    requireMessageRight(before, 'change the message')
    // Asked before the conversation is locked, so that nobody waits for auth; and not at all when there is nothing to
    // change, which may turn out otherwise under the lock.
    const mentioned =
      before.message.body === body ? ASKED_LATER : await findMentioned(this.#people, mentionedNames(body))
    const edited = await this.#changes.make(em, viewer, before.message.conversationId, async (change) => {
      const found = await findMessage(change.em, viewer, messageId)
      requireMessageRight(found, 'change the message')
      const { message } = found
      if (message.deletedAt) throw new UserFault('NOT_FOUND', 'This message was deleted.', ['input', 'messageId'])
      if (message.body === body) return message
      const changed = await replaceText(change, message, body, mentioned)
      await this.#responder.retract(change.em, changed)
      if (regenerate) await this.#responder.answerAnew(change, changed)
      return changed
    })
    if (regenerate) this.#responder.notify()
    return edited
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
        throw replyRunning(['input', 'messageId'])
      }
      change.record({ kind: 'MessageDeleted', messageId: message.id })
      await this.#responder.retract(change.em, message)
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
      if (!stored || !reply) return stored
      const events = await this.#responder.enqueue(transaction, conversation, reply, batch.authorId)
      const more = await appendEvents(transaction, conversation.id, events)
      return { ...stored, appended: joined(stored.appended, more) }
    })
  }
}

/** What one transaction appended in two goes: nobody came between, because it holds the conversation's row. */
function joined(first: AppendedEvents, more: AppendedEvents | null): AppendedEvents {
  return { ...first, events: [...first.events, ...(more?.events ?? [])] }
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
