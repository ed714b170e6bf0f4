import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { Message } from '../message/message.entity.ts'

/** One emoji under a message. */
export interface ReactionGroup {
  readonly emoji: string
  /** How many people chose it. */
  readonly count: number
  readonly viewerHasReacted: boolean
}

/** The reactions to messages, in the order in which each emoji came. */
export function reactionLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<Message, ReactionGroup[], string>(
    async (messages) => {
      const rows = await em.execute<(ReactionGroup & { id: string })[]>(
        `SELECT message.id, emoji, count(*)::integer AS count,
                coalesce(bool_or(user_id = ?::uuid), false) AS "viewerHasReacted"
         FROM jsonb_to_recordset(?::jsonb) AS message(id uuid, "conversationId" uuid, number integer)
         JOIN chat.reaction
           ON reaction.conversation_id = message."conversationId" AND reaction.number = message.number
         GROUP BY message.id, emoji ORDER BY min(created_at), emoji COLLATE "C"`,
        [
          viewerId ?? null,
          JSON.stringify(messages.map(({ id, conversationId, number }) => ({ id, conversationId, number }))),
        ],
      )
      const found = Map.groupBy(rows, ({ id }) => id)
      return messages.map(({ id }) => found.get(id) ?? [])
    },
    { cacheKeyFn: ({ id }) => id },
  )
}
