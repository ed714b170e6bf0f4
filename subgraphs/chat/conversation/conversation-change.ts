import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { doorbellOf, ringOf } from '../event-log/doorbell.ts'
import { appendEvents, type NewEvent } from '../event-log/event-log.ts'
import { inboxDoorbellOf, touchInboxes } from '../event-log/inbox-head.ts'
import { membershipEndsOf } from '../event-log/membership-end.ts'
import { Conversation } from './conversation.entity.ts'
import { Member } from './member.entity.ts'
import type { Standing } from './policy.ts'

/** A change under way: what holds under the lock of the conversation's row, and what is to be told of it. */
export interface ChangeUnderLock {
  /** The transaction's. */
  readonly em: EntityManager
  readonly conversation: Conversation
  /** Logs events when the work is done, in the order of the calls. */
  record(...events: NewEvent[]): void
  /** Tells these people's inboxes: their own memberships, markers or settings changed. */
  touch(...userIds: string[]): void
}

/** A change that somebody makes, with what they may do by the policy. */
export interface ConversationChange extends ChangeUnderLock, Standing {
  readonly conversation: Conversation
  readonly viewer: Viewer
  /** The viewer's; null without one. */
  readonly membership: Member | null
}

/**
 * Every durable change that a member makes to a conversation, sending apart: the conversation's row is locked first, so
 * that rights are judged by what is true and no two transactions wait for each other; its events are logged last, in the
 * same transaction; and only after the commit the bus rings.
 */
export class ConversationChanges {
  readonly #bus: EventBus

  constructor(options: { bus: EventBus }) {
    this.#bus = options.bus
  }

  /**
   * Runs `work` in a transaction that holds the conversation's row. It judges the viewer's rights itself, by the policy.
   *
   * @throws NotFoundError when the conversation does not exist or was deleted; and whatever `work` throws.
   */
  make<Result>(
    em: EntityManager,
    viewer: Viewer,
    conversationId: string,
    work: (change: ConversationChange) => Promise<Result>,
  ): Promise<Result> {
    return this.apply(em, conversationId, async (change) => {
      const membership = await change.em.findOne(Member, { conversationId, userId: viewer.userId }, { refresh: true })
      return work({ ...change, viewer, membership, role: membership?.role ?? null })
    })
  }

  /**
   * The same for a change that nobody asks for with rights of their own.
   *
   * @throws NotFoundError when the conversation does not exist or was deleted; and whatever `work` throws.
   */
  async apply<Result>(
    em: EntityManager,
    conversationId: string,
    work: (change: ChangeUnderLock) => Promise<Result>,
  ): Promise<Result> {
    const events: NewEvent[] = []
    const touched = new Set<string>()
    const { done: result, appended } = await em.transactional(async (transaction) => {
      const conversation = await lockConversation(transaction, conversationId)
      if (!conversation) throw new NotFoundError('conversation')
      const done = await work({
        em: transaction,
        conversation,
        record: (...recorded) => void events.push(...recorded),
        touch: (...userIds) => userIds.forEach((userId) => void touched.add(userId)),
      })
      await transaction.flush()
      await touchInboxes(transaction, [...touched])
      return { done, appended: await appendEvents(transaction, conversationId, events) }
    })
    if (appended) this.#bus.publish(doorbellOf(conversationId), ringOf(appended))
    for (const userId of touched) this.#bus.publish(inboxDoorbellOf(userId), null)
    for (const event of events) {
      if (event.kind === 'MemberRemoved') this.#bus.publish(membershipEndsOf(conversationId), event.userId)
    }
    return result
  }
}

/** Locks the conversation's row, the first lock of every transaction that changes something in it. Null: deleted. */
async function lockConversation(em: EntityManager, conversationId: string): Promise<Conversation | null> {
  const [row] = await em.execute(
    'SELECT * FROM chat.conversation WHERE id = ? AND deleted_at IS NULL FOR NO KEY UPDATE',
    [conversationId],
  )
  return row ? em.map(Conversation, row) : null
}
