import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { readEntities } from '../../../platform/entity-rows.ts'
import { IS_READABLE } from '../conversation/readable.ts'
import { Message } from './message.entity.ts'
import { MessageEdit } from './message-edit.entity.ts'
import { keyOf, keysParameter, type MessageKey, WANTED } from './message-key.ts'

const cacheByMessage = { cacheKeyFn: keyOf }

/** Messages by conversation and number, as far as the viewer may see their conversation; null for all others. */
export function messageByNumberLoader(em: EntityManager, viewerId: string | undefined) {
  return new DataLoader<MessageKey, Message | null, string>(async (keys) => {
    const rows = await em.execute(
      `SELECT message.* FROM ${WANTED}
       JOIN chat.message ON message.conversation_id = "conversationId" AND message.number = wanted.number
       JOIN chat.conversation ON conversation.id = message.conversation_id
       WHERE ${IS_READABLE}`,
      [keysParameter(keys), viewerId ?? null],
    )
    const found = new Map(readEntities(em, Message, rows).map((message) => [keyOf(message), message]))
    return keys.map((key) => found.get(keyOf(key)) ?? null)
  }, cacheByMessage)
}

/** How many replies messages have, without the deleted ones. */
export function replyCountLoader(em: EntityManager) {
  return new DataLoader<MessageKey, number, string>(async (keys) => {
    const rows = await em.execute<(MessageKey & { count: number })[]>(
      `SELECT "conversationId", wanted.number, count(*)::integer AS count FROM ${WANTED}
       JOIN chat.message reply ON reply.conversation_id = "conversationId" AND reply.reply_to = wanted.number
       WHERE reply.deleted_at IS NULL GROUP BY "conversationId", wanted.number`,
      [keysParameter(keys)],
    )
    const counts = new Map(rows.map((row) => [keyOf(row), row.count]))
    return keys.map((key) => counts.get(keyOf(key)) ?? 0)
  }, cacheByMessage)
}

/** What messages said before, oldest first. */
export function editsLoader(em: EntityManager) {
  return new DataLoader<MessageKey, MessageEdit[], string>(async (keys) => {
    const rows = await em.execute(
      `SELECT message_edit.* FROM ${WANTED}
       JOIN chat.message_edit ON conversation_id = "conversationId" AND message_edit.number = wanted.number
       ORDER BY version`,
      [keysParameter(keys)],
    )
    const edits = Map.groupBy(readEntities(em, MessageEdit, rows), keyOf)
    return keys.map((key) => edits.get(keyOf(key)) ?? [])
  }, cacheByMessage)
}

/** The UUIDs of those whom messages mention, in their order. */
export function mentionsLoader(em: EntityManager) {
  return new DataLoader<MessageKey, string[], string>(async (keys) => {
    const rows = await em.execute<(MessageKey & { userId: string })[]>(
      `SELECT "conversationId", wanted.number, user_id AS "userId" FROM ${WANTED}
       JOIN chat.mention ON conversation_id = "conversationId" AND mention.number = wanted.number
       ORDER BY position`,
      [keysParameter(keys)],
    )
    const mentions = Map.groupBy(rows, keyOf)
    return keys.map((key) => mentions.get(keyOf(key))?.map(({ userId }) => userId) ?? [])
  }, cacheByMessage)
}
