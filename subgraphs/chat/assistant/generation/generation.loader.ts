import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { Message } from '../../message/message.entity.ts'
import { Generation } from './generation.entity.ts'

type MessageKey = Pick<Message, 'conversationId' | 'id'>

/** How replies came about, by message; null for people's messages. */
export function generationLoader(em: EntityManager) {
  return new DataLoader<MessageKey, Generation | null, string>(
    async (messages) => {
      const generations = await em.find(Generation, {
        conversationId: { $in: [...new Set(messages.map(({ conversationId }) => conversationId))] },
        messageId: { $in: messages.map(({ id }) => id) },
      })
      const found = new Map(generations.map((generation) => [generation.messageId, generation]))
      return messages.map(({ id }) => found.get(id) ?? null)
    },
    { cacheKeyFn: ({ id }) => id },
  )
}
