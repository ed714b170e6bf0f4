import type { EntityManager } from '@mikro-orm/postgresql'
import { ForbiddenError } from '../../../platform/errors.ts'
import type { EventBus } from '../../../platform/event-bus.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { Conversation } from '../conversation/conversation.entity.ts'
import { Member } from '../conversation/member.entity.ts'
import { inboxOf, touchInboxes } from '../event-log/inbox-head.ts'
import type { Signals } from '../live/signals.ts'

/** How far people have read. */
export class ReadStateService {
  readonly #bus: EventBus
  readonly #signals: Signals

  constructor(options: { bus: EventBus; signals: Signals }) {
    this.#bus = options.bus
    this.#signals = options.signals
  }

  /**
   * Moves a member's marker up to this message number; backward it never goes. It takes no lock of the conversation and
   * writes no event: markers move far more often than anything else, and only the newest one counts.
   *
   * @throws ForbiddenError for who is not a member; UserFault BAD_USER_INPUT for a number that no message has.
   */
  async markRead(em: EntityManager, userId: string, conversation: Conversation, upTo: number): Promise<void> {
    const { id: conversationId, messageCount } = conversation
    if ((await em.count(Member, { conversationId, userId })) === 0) {
      throw new ForbiddenError('Only members have a read marker here; join first.')
    }
    if (upTo < 0 || upTo > messageCount) {
      const words = `upTo must be from 0 to ${messageCount}, the newest message's number; it was ${upTo}.`
      throw new UserFault('BAD_USER_INPUT', words, ['input', 'upTo'])
    }
    const hasMoved = await em.transactional(async (transaction) => {
      const moved = await transaction.nativeUpdate(
        Member,
        { conversationId, userId, readUpTo: { $lt: upTo } },
        { readUpTo: upTo },
      )
      if (moved > 0) await touchInboxes(transaction, [userId])
      return moved > 0
    })
    if (!hasMoved) return
    this.#bus.publish(inboxOf(userId), null)
    this.#signals.markerMoved(conversationId, userId, upTo)
  }
}
