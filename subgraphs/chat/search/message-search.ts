import type { EntityManager } from '@mikro-orm/postgresql'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import { encodeMomentCursor, readMomentCursor } from '../conversation/moment-cursor.ts'
import { IS_READABLE } from '../conversation/readable.ts'
import { Message } from '../message/message.entity.ts'
import type { Sql } from './sql.ts'

/** What to look for, where, and for whom. */
export interface MessageSearch {
  /** All of them must occur; 1 to 10. */
  readonly words: readonly string[]
  /** Only in this conversation, if the viewer may read it. Else in those that the viewer is a member of. */
  readonly conversationId: string | null
  readonly viewerId: string
}

const CURSOR = 'found-message'

/** Where a found message stands among the others. */
export const cursorOfFoundMessage = ({ createdAt, id }: Message) => encodeMomentCursor(CURSOR, createdAt, id)

/** So many of the newest messages are looked through before the indexes of what is in them are asked. */
const NEWEST = 1_000
/** As the indexes have it. */
const IS_SEARCHABLE = "message.deleted_at IS NULL AND message.body <> ''"
const NEWEST_FIRST = 'ORDER BY message.created_at DESC, message.id DESC LIMIT ?'

/**
 * The messages that hold all words, newest first, one more than the page's size where there is one. What occurs often is
 * soon found among the newest; an index would first gather all that there ever was. Of the rest the index knows where it is.
 */
export async function searchMessages(em: EntityManager, search: MessageSearch, page: PageRequest): Promise<Message[]> {
  const run = async ({ text, values }: Sql) => em.execute(text, [...values])
  const newest = await run(newestStatement(search, page))
  const rows = newest.length > page.size ? newest : await run(indexStatement(search, page))
  return readEntities(em, Message, rows)
}

/** What the newest messages beyond the page's cursor hold: the whole page, if it is full. */
export function newestStatement(search: MessageSearch, page: PageRequest): Sql {
  const beyond = isBeyond(page)
  const here: Sql[] = search.conversationId === null ? [] : [isHere(search.conversationId)]
  const newest = join([...here, ...beyond])
  const found = join([isAllowed(search), ...search.words.map(holds)])
  return {
    text: `SELECT message.* FROM (
        SELECT * FROM chat.message WHERE ${[IS_SEARCHABLE, ...newest.texts].join(' AND ')} ${NEWEST_FIRST}
      ) AS message
      JOIN chat.conversation ON conversation.id = message.conversation_id
      WHERE ${found.texts.join(' AND ')} ${NEWEST_FIRST}`,
    values: [...newest.values, NEWEST, ...found.values, page.size + 1],
  }
}

/** What all messages beyond the page's cursor hold, by the indexes of what is in them. */
export function indexStatement(search: MessageSearch, page: PageRequest): Sql {
  const here: Sql[] = search.conversationId === null ? [] : [isHere(search.conversationId)]
  const found = join([isAllowed(search), ...here, ...search.words.map(holds), ...isBeyond(page)])
  return {
    text: `SELECT message.* FROM chat.message
      JOIN chat.conversation ON conversation.id = message.conversation_id
      WHERE ${[IS_SEARCHABLE, ...found.texts].join(' AND ')} ${NEWEST_FIRST}`,
    values: [...found.values, page.size + 1],
  }
}

function join(conditions: readonly Sql[]) {
  return { texts: conditions.map(({ text }) => text), values: conditions.flatMap(({ values }) => values) }
}

function isBeyond(page: PageRequest): Sql[] {
  const values = readMomentCursor(CURSOR, page)
  return values ? [{ text: '(message.created_at, message.id) < (?::timestamptz, ?::uuid)', values }] : []
}

function isHere(conversationId: string): Sql {
  return { text: 'message.conversation_id = ?', values: [conversationId] }
}

/** A CHANNEL that the viewer has not joined is searched only where it is named. */
function isAllowed({ conversationId, viewerId }: MessageSearch): Sql {
  if (conversationId !== null) return { text: IS_READABLE, values: [viewerId] }
  const membership = 'SELECT conversation_id FROM chat.member WHERE user_id = ?'
  return { text: `conversation.deleted_at IS NULL AND message.conversation_id IN (${membership})`, values: [viewerId] }
}

/**
 * The first condition is the truth; the others follow from it and say it in the words of an index. Postgres drops those
 * that have nothing to say of this word while it plans, because all that they ask is constant.
 */
function holds(word: string): Sql {
  return {
    text: `(chat.fold(message.body) COLLATE "C") LIKE chat.containing(?)
      AND (chat.ascii_sought(?) IS NULL OR (chat.ascii_of(message.body) COLLATE "C") ~ chat.ascii_sought(?))
      AND (chat.grams_sought(?) IS NULL OR octet_length(message.body) <> char_length(message.body)
        AND (chat.grams_of(message.body) COLLATE "C") @> chat.grams_sought(?))`,
    values: [word, word, word, word, word],
  }
}
