import { createLogger } from '../../../../platform/logging.ts'
import { ConversationChanges } from '../../conversation/conversation-change.ts'
import type { ChatFixture } from '../../testing/chat-fixture.ts'
import { PendingMentions } from '../pending-mentions.ts'

/** What looks for mentions that are pending, at the start and when it is woken; several of them are as many processes. */
export function openPendingMentions({ fork, people, bus }: Pick<ChatFixture, 'fork' | 'people' | 'bus'>) {
  const logger = createLogger({ name: 'test', level: 'silent', format: 'json' })
  return new PendingMentions({ fork, people, changes: new ConversationChanges({ bus }), logger, everyMs: 1_000_000 })
}
