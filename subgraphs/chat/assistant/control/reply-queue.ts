import { type EntityManager, raw } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { newUuid } from '../../../../platform/ids.ts'
import { originNow } from '../../../../platform/origin.ts'
import { UserFault } from '../../../../platform/user-fault.ts'
import type { Conversation } from '../../conversation/conversation.entity.ts'
import type { ConversationChange } from '../../conversation/conversation-change.ts'
import type { NewEvent } from '../../event-log/event-log.ts'
import { mentionsAssistant } from '../../message/mention-names.ts'
import { Message } from '../../message/message.entity.ts'
import type { Responder } from '../../message/message.service.ts'
import { Generation } from '../generation/generation.entity.ts'
import { ReplyMetrics } from '../generation/reply-metrics.ts'
import { REPLY_QUEUED } from '../generation/topics.ts'
import { GenerationError } from '../model/generation-error.ts'
import type { Models } from '../model/models.ts'
import { type Ledger, NOTHING_USED } from '../usage/ledger.ts'
import { addVersion } from './add-version.ts'
import { isAtWork, readVersions } from './reply-versions.ts'
import { retractMessage } from './retract.ts'

/** Queues replies in Postgres: a reply that was asked for in a committed message is always written, or says why not. */
export class ReplyQueue implements Responder {
  readonly #bus: EventBus
  readonly #models: Models
  readonly #ledger: Ledger
  readonly #replyMetrics: ReplyMetrics

  constructor(options: { bus: EventBus; models: Models; ledger: Ledger; replyMetrics?: ReplyMetrics }) {
    this.#bus = options.bus
    this.#models = options.models
    this.#ledger = options.ledger
    this.#replyMetrics = options.replyMetrics ?? new ReplyMetrics()
  }

  isAddressed(conversation: Conversation, body: string): boolean {
    return conversation.kind === 'ASSISTANT' || mentionsAssistant(body)
  }

  /** A reply that its asker may not have ends here and now: QUOTA_EXCEEDED. It has cost nothing, and counts as one. */
  async enqueue(
    em: EntityManager,
    conversation: Conversation,
    reply: Message,
    requestedBy: string,
  ): Promise<readonly NewEvent[]> {
    const isAdmitted = await this.#ledger.admits(em, requestedBy)
    const generation = {
      conversationId: conversation.id,
      id: newUuid(),
      messageId: reply.id,
      model: this.#models.nameFor(conversation.assistant),
      requestedBy,
      ...originNow(),
    }
    await em.insert(Generation, { ...generation, ...(isAdmitted ? { status: 'QUEUED' } : refused()) })
    if (isAdmitted) return []
    await this.#ledger.settle(em, generation, NOTHING_USED, 1)
    this.#replyMetrics.ended({ status: 'FAILED', code: 'QUOTA_EXCEEDED' })
    return [{ kind: 'ReplyFinished', messageId: reply.id }]
  }

  async answerAnew(change: ConversationChange, { conversationId, id }: Message): Promise<void> {
    const path = ['input', 'regenerate']
    const reply = await change.em.findOne(Message, { conversationId, answersId: id }, { disableIdentityMap: true })
    if (!reply || reply.deletedAt) {
      const words = 'This message has no reply that could be given anew; send a new message instead.'
      throw new UserFault('BAD_USER_INPUT', words, path)
    }
    const model = this.#models.nameFor(change.conversation.assistant)
    await addVersion(change, reply, { ledger: this.#ledger, model, path })
  }

  async retract(em: EntityManager, message: Message): Promise<void> {
    await retractMessage(em, message)
  }

  notify(): void {
    this.#bus.publish(REPLY_QUEUED, null)
  }

  async isWriting(em: EntityManager, reply: Pick<Message, 'conversationId' | 'id'>): Promise<boolean> {
    return (await readVersions(em, reply)).some(isAtWork)
  }
}

function refused() {
  const { code, message } = new GenerationError('QUOTA_EXCEEDED')
  const usage = { ...NOTHING_USED, usageIsEstimated: false }
  return { status: 'FAILED', errorCode: code, errorMessage: message, finishedAt: raw('now()'), ...usage } as const
}
