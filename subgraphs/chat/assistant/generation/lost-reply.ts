import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../../platform/logging.ts'
import { Conversation } from '../../conversation/conversation.entity.ts'
import { Generation } from './generation.entity.ts'
import type { Claim } from './generation-lease.ts'

interface LostReplyParts {
  readonly fork: () => EntityManager
  readonly logger: Logger
}

/** Says why a worker may write no more of a reply; whoever ended it has booked what it cost. Never rejects. */
export async function tellOfLoss({ fork, logger }: LostReplyParts, claim: Claim): Promise<void> {
  const { id: generation, conversationId } = claim
  try {
    if ((await fork().count(Conversation, { id: conversationId, deletedAt: null })) === 0) {
      logger.info({ generation }, 'stopped a reply, because its conversation was deleted')
    } else if ((await fork().count(Generation, { conversationId, id: generation, status: 'CANCELLED' })) > 0) {
      logger.info({ generation }, 'stopped a reply, because it was cancelled')
    } else logger.warn({ generation }, 'lost the lease on a reply')
  } catch (error) {
    logger.warn({ err: error, generation }, 'lost the lease on a reply')
  }
}
