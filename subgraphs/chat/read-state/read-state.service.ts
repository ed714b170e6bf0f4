import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import type { EventBus } from '../../../platform/event-bus/event-bus.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { Member } from '../conversation/member.entity.ts'
import { requireRightNow } from '../conversation/standing.ts'
import { inboxDoorbellOf, touchInboxes } from '../event-log/inbox-head.ts'
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
   * @throws NotFoundError, ForbiddenError; UserFault BAD_USER_INPUT for a number that no message has.
   */
  async markRead(em: EntityManager, viewer: Viewer, conversationId: string, upTo: number): Promise<void> {
    const { messageCount } = await requireRightNow(em, viewer, conversationId, 'mark the conversation as read')
    if (upTo < 0 || upTo > messageCount) {
      const words = `upTo must be from 0 to ${messageCount}, the newest message's number; it was ${upTo}.`
      throw new UserFault('BAD_USER_INPUT', words, ['input', 'upTo'])
    }
    const { userId } = viewer
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
    this.#bus.publish(inboxDoorbellOf(userId), null)
    this.#signals.markerMoved(conversationId, userId, upTo)
  }
}
