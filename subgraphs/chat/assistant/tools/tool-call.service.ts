import { type EntityManager, raw } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../../platform/access-token.ts'
import { ForbiddenError, NotFoundError } from '../../../../platform/errors.ts'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { originNow } from '../../../../platform/origin.ts'
import { UserFault } from '../../../../platform/user-fault.ts'
import { lockConversationRow } from '../../conversation/conversation-lock.ts'
import { may } from '../../conversation/policy.ts'
import { doorbellOf, ringOf } from '../../event-log/doorbell.ts'
import { type AppendedEvents, appendEvents } from '../../event-log/event-log.ts'
import { findMessage } from '../../message/find-message.ts'
import { Generation } from '../generation/generation.entity.ts'
import { REPLY_QUEUED } from '../generation/topics.ts'
import { ToolCall } from './tool-call.entity.ts'

const NOT_ALLOWED = 'The person who asks does not allow this: it was not done.'

/** What people say to the tools that wait for them. */
export class ToolCallService {
  readonly #bus: EventBus

  constructor(options: { bus: EventBus }) {
    this.#bus = options.bus
  }

  /**
   * Answers a call that waits; when it was the last one, the reply goes on. The same answer again changes nothing.
   *
   * @param callId a UUID.
   * @returns the UUID of the reply.
   * @throws UserFault BAD_USER_INPUT; NotFoundError, ForbiddenError
   */
  async answer(em: EntityManager, viewer: Viewer, callId: string, approved: boolean): Promise<string> {
    const found = await em.findOne(ToolCall, { id: callId }, { disableIdentityMap: true })
    if (!found) throw new NotFoundError('tool call')
    const answered = await em.transactional(async (transaction) => {
      const { requestedBy } = await lockReply(transaction, found)
      await requireAsker(transaction, viewer, { messageId: found.messageId, asker: requestedBy })
      return takeAnswer(transaction, found, approved)
    })
    if (answered) {
      this.#bus.publish(doorbellOf(found.conversationId), ringOf(answered))
      this.#bus.publish(REPLY_QUEUED, null)
    }
    return found.messageId
  }
}

/**
 * Locks first the reply and then the conversation, as its worker does; neither of one that has ended: who changes its
 * versions holds the conversation and waits for it.
 */
async function lockReply(
  em: EntityManager,
  { conversationId, generationId }: ToolCall,
): Promise<{ readonly requestedBy: string | null }> {
  const read = `SELECT requested_by AS "requestedBy" FROM chat.generation WHERE conversation_id = ? AND id = ?`
  const key = [conversationId, generationId]
  const [atWork] = await em.execute<{ requestedBy: string | null }[]>(
    `${read} AND status IN ('QUEUED', 'RUNNING') FOR NO KEY UPDATE`,
    key,
  )
  if (atWork) {
    await lockConversationRow(em, conversationId)
    return atWork
  }
  const [ended] = await em.execute<{ requestedBy: string | null }[]>(read, key)
  if (!ended) throw new NotFoundError('tool call')
  return ended
}

/** What a tool does it does with the rights of whoever asked for the reply, so nobody else lets it. */
async function requireAsker(
  em: EntityManager,
  viewer: Viewer,
  { messageId, asker }: { messageId: string; asker: string | null },
): Promise<void> {
  const found = await findMessage(em, viewer, messageId)
  if (!may(found, 'see the conversation')) throw new NotFoundError('tool call')
  if (found.role === null || viewer.userId !== asker) {
    throw new ForbiddenError('You lack the right to answer for the person who asked for the reply.')
  }
}

async function takeAnswer(
  em: EntityManager,
  { conversationId, id, generationId, messageId }: ToolCall,
  approved: boolean,
): Promise<AppendedEvents | null> {
  const call = await em.findOne(ToolCall, { conversationId, id }, { disableIdentityMap: true })
  if (!call) throw new NotFoundError('tool call')
  if (call.approved === approved) return null
  if (call.status !== 'AWAITING_APPROVAL') {
    const words = 'This does not wait for an answer any more; it is too late for another one.'
    throw new UserFault('BAD_USER_INPUT', words, ['input', 'toolCallId'])
  }
  await em.nativeUpdate(
    ToolCall,
    { conversationId, id },
    approved
      ? { approved, status: 'RUNNING' }
      : { approved, status: 'REFUSED', result: NOT_ALLOWED, finishedAt: raw('now()') },
  )
  const waiting = await em.count(ToolCall, { conversationId, generationId, status: 'AWAITING_APPROVAL' })
  if (waiting === 0) await unpark(em, { conversationId, id: generationId })
  return appendEvents(em, conversationId, [{ kind: 'MessageEdited', messageId }])
}

/** One that is not parked is with a worker, which looks itself before it lets go of the reply. */
async function unpark(em: EntityManager, reply: Pick<Generation, 'conversationId' | 'id'>): Promise<void> {
  const waits = { isParked: false, leaseUntil: null, waitingSince: raw('now()') }
  await em.nativeUpdate(Generation, { ...reply, isParked: true }, { ...waits, ...originNow() })
}
