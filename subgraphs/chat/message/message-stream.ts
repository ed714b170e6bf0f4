import type { EntityManager } from '@mikro-orm/postgresql'
import { readEntities } from '../../../platform/entity-rows.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import { IS_READABLE } from '../conversation/readable.ts'
import type { ConversationWatch } from '../event-log/conversation-watch.ts'
import { PullStream } from '../event-log/pull-stream.ts'
import { Message } from './message.entity.ts'

const PAGE_SIZE = 200

/**
 * Every message of a conversation with a number above `after`, in order, those of the future included. It ends with
 * NotFoundError once the viewer may not read the conversation any more.
 */
export function followMessages(options: {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  watch: ConversationWatch
  conversationId: string
  viewerId: string
  after: number
}): PullStream<Message> {
  const { fork, watch } = options
  let last = options.after
  let seenSeq = 0
  const stream = new PullStream<Message>({
    async read() {
      const { messages, headSeq } = await readMessages(fork(), { ...options, after: last })
      last = messages.at(-1)?.number ?? last
      seenSeq = headSeq
      return { items: messages, more: messages.length === PAGE_SIZE }
    },
    close: () => unwatch(),
  })
  // A removal moves the log, and no number.
  const unwatch = watch.watch(options.conversationId, {
    ring: () => stream.ring(),
    isBehind: (head) => head.seq > seenSeq,
  })
  return stream
}

/**
 * A page of messages and where the log stood with them, in one statement, so that nothing is read that was said after
 * the viewer was removed.
 *
 * @throws NotFoundError
 */
async function readMessages(
  em: EntityManager,
  { conversationId, viewerId, after }: { conversationId: string; viewerId: string; after: number },
): Promise<{ messages: Message[]; headSeq: number }> {
  const rows = await em.execute<{ headSeq: number; number: number | null }[]>(
    `SELECT message.*, conversation.event_seq AS "headSeq"
     FROM chat.conversation
     LEFT JOIN LATERAL (
       SELECT * FROM chat.message WHERE conversation_id = conversation.id AND number > ? ORDER BY number LIMIT ?
     ) message ON true
     WHERE conversation.id = ? AND ${IS_READABLE} ORDER BY message.number`,
    [after, PAGE_SIZE, conversationId, viewerId],
  )
  const [first] = rows
  if (!first) throw new NotFoundError('conversation')
  const found = rows.filter(({ number }) => number !== null)
  return { messages: readEntities(em, Message, found), headSeq: first.headSeq }
}
