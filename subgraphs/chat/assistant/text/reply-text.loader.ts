import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { Message } from '../../message/message.entity.ts'
import { readReplyText } from './reply-text.ts'

const FROM_THE_BEGINNING = { attempt: 0, offset: 0 }

/** The text of replies as it is now, by their message; empty before the first piece. */
export function replyTextLoader(em: EntityManager) {
  return new DataLoader<Pick<Message, 'conversationId' | 'id'>, string, string>(
    async (messages) => {
      const wanted = messages.map(({ conversationId, id }) => ({
        conversationId,
        messageId: id,
        ...FROM_THE_BEGINNING,
      }))
      const pieces = await readReplyText(em, wanted)
      const texts = new Map(pieces.map(({ messageId, text }) => [messageId, text]))
      return messages.map(({ id }) => texts.get(id) ?? '')
    },
    { cacheKeyFn: ({ id }) => id },
  )
}
