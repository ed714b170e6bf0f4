import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import { requireRightNow } from '../conversation/standing.ts'
import type { Signals } from './signals.ts'

/** Who types. */
export class TypingService {
  readonly #signals: Signals

  constructor(options: { signals: Signals }) {
    this.#signals = options.signals
  }

  /**
   * Tells who follows the conversation (a UUID) that the viewer types, or has ceased to. Nothing is stored.
   *
   * @throws NotFoundError when the viewer may not see the conversation, ForbiddenError for who is not a member.
   */
  async set(em: EntityManager, viewer: Viewer, conversationId: string, isTyping: boolean): Promise<void> {
    await requireRightNow(em, viewer, conversationId, 'write in the conversation')
    this.#signals.setTyping(conversationId, viewer.userId, isTyping)
  }
}
