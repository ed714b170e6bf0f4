import type { EntityManager } from '@mikro-orm/postgresql'
import { decodeCursor, encodeCursor, type PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import { isUuid } from '../../../platform/ids.ts'
import { Conversation } from '../conversation/conversation.entity.ts'
import type { Sql } from './sql.ts'

const CURSOR = 'channel'
/** As its index has it: a few signs become many when they are folded, and an index entry is bounded. */
const sortKey = (title: string) => `(left(chat.fold(coalesce(${title}, '')), 200) COLLATE "C")`

/** Where a channel stands in the order of titles. */
export const cursorOfChannel = ({ title, id }: Conversation) => encodeCursor(CURSOR, [title ?? '', id])

/** All channels in the order of their titles, one more than the page's size where there is one. */
export async function listChannels(
  em: EntityManager,
  query: string | null,
  page: PageRequest,
): Promise<Conversation[]> {
  const { text, values } = channelStatement(query, page)
  const rows = await em.execute(text, [...values])
  return readEntities(em, Conversation, rows)
}

/** The one statement that the list is; with a query, only of those channels that have it in title or topic. */
export function channelStatement(query: string | null, { cursor, size }: PageRequest): Sql {
  const beyond = cursor === undefined ? [] : decodeCursor(CURSOR, cursor, isChannelPosition)
  const isBeyond = `AND (${sortKey('title')}, id) > (${sortKey('?::text')}, ?::uuid)`
  const hasQuery = 'AND (chat.fold(title) LIKE chat.containing(?) OR chat.fold(topic) LIKE chat.containing(?))'
  return {
    text: `SELECT * FROM chat.conversation
      WHERE kind = 'CHANNEL' AND deleted_at IS NULL ${cursor === undefined ? '' : isBeyond} ${query === null ? '' : hasQuery}
      ORDER BY ${sortKey('title')}, id LIMIT ?`,
    values: [...beyond, ...(query === null ? [] : [query, query]), size + 1],
  }
}

function isChannelPosition(value: unknown): value is [title: string, id: string] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [title, id] = value
  return typeof title === 'string' && title.isWellFormed() && !title.includes('\0') && isUuid(id)
}
