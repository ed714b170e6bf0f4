import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../../platform/access-token.ts'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { UserFault } from '../../../../platform/user-fault.ts'
import type { ConversationChange, ConversationChanges } from '../../conversation/conversation-change.ts'
import { Message } from '../../message/message.entity.ts'
import { replyRunning } from '../../message/reply-running.ts'
import { ReplyMetrics } from '../generation/reply-metrics.ts'
import { REPLY_QUEUED } from '../generation/topics.ts'
import { LONGEST_REPLY } from '../generation/write-reply.ts'
import type { Models } from '../model/models.ts'
import type { Ledger } from '../usage/ledger.ts'
import { addVersion, requireQuota } from './add-version.ts'
import { AT_MESSAGE, type FoundReply, findReply } from './find-reply.ts'
import { isAtWork, reopenVersion, showVersion, type Version } from './reply-versions.ts'
import { retractSummary } from './retract.ts'
import { stopReply } from './stop-reply.ts'

/** What people do to replies of the assistant. */
export class ReplyControl {
  readonly #bus: EventBus
  readonly #changes: ConversationChanges
  readonly #models: Models
  readonly #ledger: Ledger
  readonly #replyMetrics: ReplyMetrics

  constructor(options: {
    bus: EventBus
    changes: ConversationChanges
    models: Models
    ledger: Ledger
    replyMetrics?: ReplyMetrics
  }) {
    this.#bus = options.bus
    this.#changes = options.changes
    this.#models = options.models
    this.#ledger = options.ledger
    this.#replyMetrics = options.replyMetrics ?? new ReplyMetrics()
  }

  /**
   * Ends a reply that waits or is being written, and keeps its text so far. Of one that was cancelled nothing changes.
   *
   * @throws UserFault BAD_USER_INPUT, REPLY_NOT_RUNNING; NotFoundError, ForbiddenError
   */
  cancel(em: EntityManager, viewer: Viewer, messageId: string): Promise<void> {
    const [bus, ledger, replyMetrics] = [this.#bus, this.#ledger, this.#replyMetrics]
    return stopReply(em, viewer, messageId, { bus, ledger, replyMetrics })
  }

  /**
   * Has the assistant answer once more.
   *
   * @param model that of the conversation when not given.
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND, UNKNOWN_MODEL, REPLY_RUNNING, QUOTA_EXCEEDED; NotFoundError,
   * ForbiddenError
   */
  async regenerate(em: EntityManager, viewer: Viewer, messageId: string, model?: string | null): Promise<void> {
    await this.#change(em, viewer, messageId, async (change, { message }) => {
      if (model != null && !this.#models.has(model)) {
        throw new UserFault('UNKNOWN_MODEL', 'No such model; the query `models` lists them.', ['input', 'model'])
      }
      await requireQuestion(change.em, message)
      const chosen = model ?? this.#models.nameFor(change.conversation.assistant)
      await addVersion(change, message, { ledger: this.#ledger, model: chosen, path: AT_MESSAGE })
    })
    this.#bus.publish(REPLY_QUEUED, null)
  }

  /**
   * Has the assistant go on with a reply that is not whole.
   *
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND, REPLY_RUNNING, QUOTA_EXCEEDED; NotFoundError, ForbiddenError
   */
  async continue(em: EntityManager, viewer: Viewer, messageId: string): Promise<void> {
    await this.#change(em, viewer, messageId, async (change, { message, shown }) => {
      requireUnfinished(message, shown)
      await requireQuestion(change.em, message)
      await requireQuota(change, this.#ledger, AT_MESSAGE)
      await reopenVersion(change.em, message, shown, viewer.userId)
      await retractSummary(change.em, message)
    })
    this.#bus.publish(REPLY_QUEUED, null)
  }

  /**
   * Shows another version; the shown one once more changes nothing.
   *
   * @param versionId the generation's UUID.
   * @throws UserFault BAD_USER_INPUT, NOT_FOUND, REPLY_RUNNING; NotFoundError, ForbiddenError
   */
  async select(em: EntityManager, viewer: Viewer, messageId: string, versionId: string): Promise<void> {
    await this.#change(em, viewer, messageId, async (change, { message, versions }) => {
      const version = versions.find(({ id }) => id === versionId)
      if (!version) throw new UserFault('NOT_FOUND', 'The reply has no such version.', ['input', 'versionId'])
      if (version.isSelected) return
      await showVersion(change.em, message, version)
      await retractSummary(change.em, message)
      change.record({ kind: 'MessageEdited', messageId: message.id })
    })
  }

  /** Runs `work` on a reply that has ended and was not deleted, under the conversation's lock. */
  async #change(
    em: EntityManager,
    viewer: Viewer,
    messageId: string,
    work: (change: ConversationChange, reply: FoundReply) => Promise<void>,
  ): Promise<void> {
    // Judged without the lock first, so that who may not do it keeps nobody waiting.
    const { message } = await findReply(em, viewer, messageId)
    await this.#changes.make(em, viewer, message.conversationId, async (change) => {
      const reply = await findReply(change.em, viewer, messageId)
      if (reply.message.deletedAt) throw new UserFault('NOT_FOUND', 'This reply was deleted.', AT_MESSAGE)
      if (reply.versions.some(isAtWork)) throw replyRunning(AT_MESSAGE)
      await work(change, reply)
    })
  }
}

/**
 * Without its question the model would answer whatever was said last.
 *
 * @throws UserFault NOT_FOUND
 */
async function requireQuestion(em: EntityManager, { conversationId, answersId }: Message): Promise<void> {
  const isThere = answersId && (await em.count(Message, { conversationId, id: answersId, deletedAt: null })) > 0
  if (isThere) return
  throw new UserFault('NOT_FOUND', 'The question was deleted; send a new message instead.', AT_MESSAGE)
}

/** @throws UserFault BAD_USER_INPUT for a reply that is whole, as long as any may be, or whose text was withdrawn. */
function requireUnfinished({ body }: Message, { status, finishReason, errorCode }: Version): void {
  if (errorCode === 'MODERATION_REFUSED') {
    throw new UserFault('BAD_USER_INPUT', 'There is nothing to go on with; ask in other words.', AT_MESSAGE)
  }
  if (status === 'COMPLETED' && finishReason !== 'length') {
    throw new UserFault('BAD_USER_INPUT', 'The reply is whole; there is nothing to go on with.', AT_MESSAGE)
  }
  if (body.length >= LONGEST_REPLY) {
    throw new UserFault('BAD_USER_INPUT', 'The reply is as long as any may be; ask for the rest.', AT_MESSAGE)
  }
}
