import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../../platform/access-token.ts'
import { NotFoundError } from '../../../../platform/errors.ts'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import { UserFault } from '../../../../platform/user-fault.ts'
import { lockConversationRow } from '../../conversation/conversation-lock.ts'
import { doorbellOf, ringOf } from '../../event-log/doorbell.ts'
import type { AppendedEvents } from '../../event-log/event-log.ts'
import type { Message } from '../../message/message.entity.ts'
import { endReply } from '../generation/ending.ts'
import type { Generation } from '../generation/generation.entity.ts'
import type { ReplyMetrics } from '../generation/reply-metrics.ts'
import { REPLY_STOPPED } from '../generation/topics.ts'
import type { Ledger } from '../usage/ledger.ts'
import { AT_MESSAGE, findReply } from './find-reply.ts'
import { isAtWork } from './reply-versions.ts'

/** A generation that was ended, and what the bus is to be told of it. */
interface Stopped {
  readonly id: string
  readonly appended: AppendedEvents | null
}

/**
 * Ends a reply that waits or is being written, in the database and at once; its worker finds that out by itself, and
 * sooner by the bus. As every ending it locks the generation's row first and the conversation's after it.
 *
 * @throws UserFault BAD_USER_INPUT, REPLY_NOT_RUNNING; NotFoundError, ForbiddenError
 */
export async function stopReply(
  em: EntityManager,
  viewer: Viewer,
  messageId: string,
  { bus, ledger, replyMetrics }: { bus: EventBus; ledger: Ledger; replyMetrics: ReplyMetrics },
): Promise<void> {
  const { message } = await findReply(em, viewer, messageId)
  const tryOnce = () => em.transactional((transaction) => stop(transaction, viewer, message, ledger))
  let stopped = await tryOnce()
  while (stopped === 'again') stopped = await tryOnce()
  if (!stopped) return
  replyMetrics.ended({ status: 'CANCELLED', code: null })
  if (stopped.appended) bus.publish(doorbellOf(message.conversationId), ringOf(stopped.appended))
  bus.publish(REPLY_STOPPED, stopped.id)
}

/** Null when it was cancelled before. */
async function stop(
  em: EntityManager,
  viewer: Viewer,
  reply: Message,
  ledger: Ledger,
): Promise<Stopped | 'again' | null> {
  const generation = await lockAtWork(em, reply)
  if (!generation) {
    // Nothing is at work, so nothing is ended here and the conversation is not locked.
    const { shown } = await findReply(em, viewer, reply.id)
    if (shown.status === 'CANCELLED') return null
    // While this waited for the one that was at work, that one ended and another was asked for. That one's row is still
    // locked here, and whoever holds the conversation may wait for it: no further lock before it is let go.
    if (isAtWork(shown)) return 'again'
    throw new UserFault('REPLY_NOT_RUNNING', 'The reply has ended; there is nothing to cancel.', AT_MESSAGE)
  }
  // Rights are judged by what is true under this lock.
  if (!(await lockConversationRow(em, reply.conversationId))) throw new NotFoundError('message')
  await findReply(em, viewer, reply.id)
  return { id: generation.id, appended: await endReply(em, generation, { status: 'CANCELLED' }, ledger) }
}

async function lockAtWork(
  em: EntityManager,
  { conversationId, id }: Message,
): Promise<Pick<Generation, 'conversationId' | 'id'> | undefined> {
  const [found] = await em.execute<{ id: string }[]>(
    `SELECT id FROM chat.generation
     WHERE conversation_id = ? AND message_id = ? AND status IN ('QUEUED', 'RUNNING') FOR NO KEY UPDATE`,
    [conversationId, id],
  )
  return found && { conversationId, id: found.id }
}
