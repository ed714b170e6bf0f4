import type { EntityManager } from '@mikro-orm/postgresql'
import type { ConversationWatch } from '../event-log/conversation-watch.ts'
import { PullStream } from '../event-log/pull-stream.ts'
import { Message } from './message.entity.ts'

const PAGE_SIZE = 200

/** Every message of a conversation with a number above `after`, in order, those of the future included. */
export function followMessages(options: {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  watch: ConversationWatch
  conversationId: string
  after: number
}): PullStream<Message> {
  const { fork, watch, conversationId } = options
  let last = options.after
  const stream = new PullStream<Message>({
    async read() {
      const messages = await fork().find(
        Message,
        { conversationId, number: { $gt: last } },
        { orderBy: { number: 'asc' }, limit: PAGE_SIZE },
      )
      last = messages.at(-1)?.number ?? last
      return { items: messages, more: messages.length === PAGE_SIZE }
    },
    close: () => unwatch(),
  })
  const unwatch = watch.watch(conversationId, {
    ring: () => stream.ring(),
    isBehind: (head) => head.messageCount > last,
  })
  return stream
}
