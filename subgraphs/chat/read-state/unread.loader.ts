import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'

/** What a member has not read yet. */
export interface Unread {
  readonly messages: number
  readonly mentions: number
}

const NOTHING: Unread = { messages: 0, mentions: 0 }

/**
 * What the viewer has not read, by conversation id; nothing where the viewer is not a member. It is derived each time,
 * so that it cannot drift: numbers have no gaps, hence the marker tells how many messages follow it, and only what never
 * counts is looked up, each in an index of its own. Of the viewer's own messages there are hardly any, as sending moves
 * the marker.
 */
export function unreadLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<string, Unread>(async (conversationIds) => {
    const rows = await em.execute<(Unread & { id: string })[]>(COUNT, [[...conversationIds], viewerId ?? null])
    const found = new Map(rows.map(({ id, ...unread }) => [id, unread]))
    return conversationIds.map((id) => found.get(id) ?? NOTHING)
  })
}

const COUNT = `
  SELECT conversation.id,
    message_count - read_up_to
      - (SELECT count(*) FROM chat.message
         WHERE message.conversation_id = conversation.id AND number > read_up_to
           AND (message.deleted_at IS NOT NULL OR message.role = 'SYSTEM'))::integer
      - (SELECT count(*) FROM chat.message
         WHERE message.author_id = member.user_id AND message.conversation_id = conversation.id AND number > read_up_to
           AND message.deleted_at IS NULL AND message.role <> 'SYSTEM')::integer AS messages,
    (SELECT count(*) FROM chat.mention
     WHERE mention.conversation_id = conversation.id AND mention.user_id = member.user_id
       AND number > read_up_to)::integer AS mentions
  FROM chat.member JOIN chat.conversation ON conversation.id = member.conversation_id
  WHERE member.conversation_id IN (?) AND member.user_id = ?`
