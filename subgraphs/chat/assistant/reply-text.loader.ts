import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { Message } from '../message/message.entity.ts'
import { readReplyText } from './reply-text.ts'

const FROM_THE_BEGINNING = { attempt: 0, offset: 0 }

/** The text of replies as it is now, by their message; empty before the first piece. */
export function replyTextLoader(em: EntityManager) {
  return new DataLoader<Pick<Message, 'conversationId' | 'id'>, string, string>(
    async (messages) => {
      const byConversation = Map.groupBy(messages, ({ conversationId }) => conversationId)
      const texts = new Map<string, string>()
      for (const [conversationId, replies] of byConversation) {
        const positions = new Map(replies.map(({ id }) => [id, FROM_THE_BEGINNING]))
        for (const piece of await readReplyText(em, conversationId, positions)) texts.set(piece.messageId, piece.text)
      }
      return messages.map(({ id }) => texts.get(id) ?? '')
    },
    { cacheKeyFn: ({ id }) => id },
  )
}
