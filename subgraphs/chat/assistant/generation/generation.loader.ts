import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { readEntities } from '../../../../platform/entity-rows.ts'
import type { Message } from '../../message/message.entity.ts'
import { Generation } from './generation.entity.ts'

type MessageKey = Pick<Message, 'conversationId' | 'id'>

/** A version without its text, which may be long and is read when somebody wants it. */
export type VersionFacts = Omit<Generation, 'body'>

/** How the shown versions of replies came about, by message; null for people's messages. */
export function generationLoader(em: EntityManager) {
  return loaderByMessage(em, 'AND is_selected', ([generation]) => generation ?? null)
}

/** All versions of replies, oldest first, by message; none for people's messages. */
export function versionsLoader(em: EntityManager) {
  return loaderByMessage(em, 'ORDER BY created_at, id', (versions) => versions)
}

function loaderByMessage<Value>(em: EntityManager, which: string, choose: (found: VersionFacts[]) => Value) {
  const columns = columnsBesideBody(em)
  return new DataLoader<MessageKey, Value, string>(
    async (messages) => {
      const conversationIds = [...new Set(messages.map(({ conversationId }) => conversationId))]
      const rows = await em.execute(
        `SELECT ${columns} FROM chat.generation WHERE conversation_id IN (?) AND message_id IN (?) ${which}`,
        [conversationIds, messages.map(({ id }) => id)],
      )
      const found = Map.groupBy(readEntities(em, Generation, rows), ({ messageId }) => messageId)
      return messages.map(({ id }) => choose(found.get(id) ?? []))
    },
    { cacheKeyFn: ({ id }) => id },
  )
}

function columnsBesideBody(em: EntityManager): string {
  const properties = em.getMetadata(Generation).props.filter(({ name }) => name !== 'body')
  return properties.flatMap(({ fieldNames }) => fieldNames).join(', ')
}
