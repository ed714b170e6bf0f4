import type { EntityManager } from '@mikro-orm/postgresql'
import type { EventBus } from '../../../../platform/event-bus/event-bus.ts'
import type { Replies } from '../../conversation/conversation-removal.ts'
import { bookCall } from '../generation/book-call.ts'
import { ReplyMetrics } from '../generation/reply-metrics.ts'
import { REPLY_STOPPED } from '../generation/topics.ts'
import { retractCallsAbout } from '../tools/tool-quotes.ts'
import type { Ledger } from '../usage/ledger.ts'

/** Ends replies whose conversation was deleted: nobody reads them, but what they cost was used. */
export class ReplyRemoval implements Replies {
  readonly #bus: EventBus
  readonly #ledger: Ledger
  readonly #replyMetrics: ReplyMetrics

  constructor(options: { bus: EventBus; ledger: Ledger; replyMetrics?: ReplyMetrics }) {
    this.#bus = options.bus
    this.#ledger = options.ledger
    this.#replyMetrics = options.replyMetrics ?? new ReplyMetrics()
  }

  /** One transaction each, so that no two of them wait for each other's accounts. */
  async stop(fork: () => EntityManager, conversationId: string): Promise<void> {
    for (let id = await this.#stopNext(fork(), conversationId); id; id = await this.#stopNext(fork(), conversationId)) {
      this.#replyMetrics.ended({ status: 'CANCELLED', code: null })
      this.#bus.publish(REPLY_STOPPED, id)
    }
  }

  takeBack(em: EntityManager, conversationId: string, most: number): Promise<number> {
    return retractCallsAbout(em, conversationId, most)
  }

  /** Its worker's next write is refused, and no other one takes it over. Returns its UUID. */
  #stopNext(em: EntityManager, conversationId: string): Promise<string | undefined> {
    return em.transactional(async (transaction) => {
      const [reply] = await transaction.execute<{ id: string }[]>(
        `SELECT id FROM chat.generation WHERE conversation_id = ? AND status IN ('QUEUED', 'RUNNING')
         LIMIT 1 FOR NO KEY UPDATE`,
        [conversationId],
      )
      if (!reply) return undefined
      await bookCall(transaction, { conversationId, id: reply.id }, this.#ledger, { replies: 1 })
      await transaction.execute(
        `UPDATE chat.generation SET status = 'FAILED', lease_until = NULL, is_parked = false
         WHERE conversation_id = ? AND id = ?`,
        [conversationId, reply.id],
      )
      return reply.id
    })
  }
}
