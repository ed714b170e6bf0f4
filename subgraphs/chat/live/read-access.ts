import type { EntityManager } from '@mikro-orm/postgresql'
import { IS_READABLE } from '../conversation/readable.ts'
import type { ReadAccess } from '../event-log/conversation-stream.ts'

/** Whether this person may read this conversation, asked anew each time. Ids are UUIDs. */
export function readAccess(fork: () => EntityManager, conversationId: string, viewerId: string): ReadAccess {
  return {
    viewerId,
    mayRead: async () => {
      const rows = await fork().execute(`SELECT FROM chat.conversation WHERE id = ? AND ${IS_READABLE}`, [
        conversationId,
        viewerId,
      ])
      return rows.length > 0
    },
  }
}
