import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import type { Message } from '../../message/message.entity.ts'
import type { Generation } from '../generation/generation.entity.ts'
import { BEGINNING, readReplyText, readVersionTexts } from './reply-text.ts'

/** The text of replies as they show it now, by their message; empty before the first piece. */
export function replyTextLoader(em: EntityManager) {
  return new DataLoader<Pick<Message, 'conversationId' | 'id'>, string, string>(
    async (messages) => {
      const wanted = messages.map(({ conversationId, id }) => ({
        conversationId,
        messageId: id,
        ...BEGINNING,
      }))
      const pieces = await readReplyText(em, wanted)
      const texts = new Map(pieces.map(({ messageId, text }) => [messageId, text]))
      return messages.map(({ id }) => texts.get(id) ?? '')
    },
    { cacheKeyFn: ({ id }) => id },
  )
}

/** The text of versions as it is now, shown or not. */
export function versionTextLoader(em: EntityManager) {
  return new DataLoader<Pick<Generation, 'conversationId' | 'id'>, string, string>(
    (versions) => readVersionTexts(em, versions),
    { cacheKeyFn: ({ id }) => id },
  )
}
