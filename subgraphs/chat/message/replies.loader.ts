import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import { IS_READABLE } from '../conversation/readable.ts'
import { Message } from './message.entity.ts'
import { keyOf, keysParameter, type MessageKey, WANTED } from './message-key.ts'

/** The replies to a message that are asked for. */
export interface RepliesKey {
  readonly message: MessageKey
  readonly page: RepliesPage
}

/** A page of them: so many, beyond the one with this number; null for those at the end where it begins. */
export type RepliesPage = Pick<PageRequest, 'direction' | 'size'> & { readonly beyond: number | null }

/**
 * The replies to messages in the page's direction, one more than its size where there is one, as far as the viewer may
 * see their conversation. One statement for all messages of which the same page is asked for.
 */
export function repliesLoader(em: EntityManager, viewerId: string | undefined) {
  const read = async (messages: MessageKey[], page: RepliesPage) => {
    const [comparison, order] = page.direction === 'forward' ? ['>', 'ASC'] : ['<', 'DESC']
    const rows = await em.execute(
      `SELECT reply.* FROM ${WANTED}
       JOIN chat.conversation ON conversation.id = "conversationId"
       CROSS JOIN LATERAL (
         SELECT * FROM chat.message
         WHERE conversation_id = "conversationId" AND reply_to = wanted.number
           AND (?::integer IS NULL OR message.number ${comparison} ?)
         ORDER BY message.number ${order} LIMIT ?
       ) reply
       WHERE ${IS_READABLE} ORDER BY reply.number ${order}`,
      [keysParameter(messages), page.beyond, page.beyond, page.size + 1, viewerId ?? null],
    )
    const replies = readEntities(em, Message, rows)
    return Map.groupBy(replies, ({ conversationId, replyTo }) => keyOf({ conversationId, number: replyTo ?? 0 }))
  }
  return new DataLoader<RepliesKey, Message[], string>(
    async (keys) => {
      const samePage = Map.groupBy(keys, ({ page }) => JSON.stringify(page))
      const found = new Map<string, Map<string, Message[]>>()
      for (const [page, asked] of samePage) {
        const messages = asked.map(({ message }) => message)
        found.set(page, await read(messages, JSON.parse(page)))
      }
      return keys.map(({ message, page }) => found.get(JSON.stringify(page))?.get(keyOf(message)) ?? [])
    },
    { cacheKeyFn: ({ message, page }) => `${keyOf(message)} ${JSON.stringify(page)}` },
  )
}
