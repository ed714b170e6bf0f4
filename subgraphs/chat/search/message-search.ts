import { DriverException, type EntityManager } from '@mikro-orm/postgresql'
import type { PageRequest } from '../../../platform/connection.ts'
import { readEntities } from '../../../platform/entity-rows.ts'
import { ApplicationError } from '../../../platform/errors.ts'
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
/** So many are looked through for words of which no index knows anything; no others. */
const NEWEST_WITHOUT_INDEX = 10_000
/** For each of the statements of one search. */
const LONGEST_SEARCH_MS = 2_000
/** https://www.postgresql.org/docs/current/errcodes-appendix.html: query_canceled. */
const CANCELED = '57014'
/** As the indexes have it. */
const IS_SEARCHABLE: Sql = { text: "message.deleted_at IS NULL AND message.body <> ''", values: [] }
const NEWEST_FIRST = 'ORDER BY message.created_at DESC, message.id DESC LIMIT ?'

/**
 * The messages that hold all words, newest first, one more than the page's size where there is one. What occurs often is
 * soon found among the newest; an index would first gather all that there ever was. Of the rest the index knows where it is.
 * Where no index knows any of the words, only the newest 10,000 messages beyond the page's cursor are looked through.
 *
 * @throws ApplicationError OPERATION_TOO_EXPENSIVE when a statement takes longer than two seconds.
 */
export async function searchMessages(em: EntityManager, search: MessageSearch, page: PageRequest): Promise<Message[]> {
  try {
    const rows = await em.transactional((inner) => findRows(inner, search, page))
    return readEntities(em, Message, rows)
  } catch (error) {
    if (!(error instanceof DriverException && error.code === CANCELED)) throw error
    const message = 'This search takes too long: add a longer or rarer word, or search in one conversation.'
    throw new ApplicationError('OPERATION_TOO_EXPENSIVE', message, { cause: error })
  }
}

async function findRows(em: EntityManager, search: MessageSearch, page: PageRequest) {
  const run = async ({ text, values }: Sql) => em.execute(text, [...values])
  const [begun] = await run(beginning(search.words))
  if (begun?.isIndexed !== true) return run(newestStatement(search, page, NEWEST_WITHOUT_INDEX))
  const newest = await run(newestStatement(search, page))
  if (newest.length > page.size) return newest
  const [older] = await run(olderStatement(search, page))
  return older ? run(indexStatement(search, page)) : newest
}

/** Bounds the transaction's statements and tells whether an index knows any of the words. */
function beginning(words: readonly string[]): Sql {
  return {
    text: `SELECT set_config('statement_timeout', ?, true), ${words
      .map(() => 'chat.ascii_sought(?) IS NOT NULL OR chat.grams_sought(?) IS NOT NULL')
      .join(' OR ')} AS "isIndexed"`,
    values: [`${LONGEST_SEARCH_MS}`, ...words.flatMap((word) => [word, word])],
  }
}

/**
 * What the newest messages beyond the page's cursor hold: the whole page, if it is full. They are gathered conversation by
 * conversation, so that what others say elsewhere costs nothing.
 */
export function newestStatement(search: MessageSearch, page: PageRequest, newest = NEWEST): Sql {
  const beyond = join([IS_SEARCHABLE, ...isBeyond(page)])
  const readable = readableConversations(search)
  const found = join(search.words.map(holds))
  return {
    text: `SELECT message.* FROM (
        SELECT message.* FROM (${readable.text}) AS readable
        CROSS JOIN LATERAL (
          SELECT message.conversation_id, message.created_at, message.id FROM chat.message
          WHERE message.conversation_id = readable.id AND ${beyond.texts.join(' AND ')} ${NEWEST_FIRST}
        ) AS message
        ${NEWEST_FIRST}
      ) AS newest
      JOIN chat.message ON message.conversation_id = newest.conversation_id AND message.id = newest.id
      WHERE ${found.texts.join(' AND ')} ORDER BY newest.created_at DESC, newest.id DESC LIMIT ?`,
    values: [...readable.values, ...beyond.values, newest, newest, ...found.values, page.size + 1],
  }
}

/** One row if there are messages beyond the newest: else all have been looked through. */
function olderStatement(search: MessageSearch, page: PageRequest): Sql {
  const beyond = join([IS_SEARCHABLE, ...isBeyond(page)])
  const readable = readableConversations(search)
  return {
    text: `SELECT true FROM (${readable.text}) AS readable
      CROSS JOIN LATERAL (
        SELECT FROM chat.message WHERE message.conversation_id = readable.id AND ${beyond.texts.join(' AND ')} LIMIT ?
      ) AS message
      OFFSET ? LIMIT 1`,
    values: [...readable.values, ...beyond.values, NEWEST + 1, NEWEST],
  }
}

/** What all messages beyond the page's cursor hold, by the indexes of what is in them. */
export function indexStatement(search: MessageSearch, page: PageRequest): Sql {
  const found = join([IS_SEARCHABLE, isAllowed(search), ...search.words.map(holds), ...isBeyond(page)])
  return {
    text: `SELECT message.* FROM chat.message WHERE ${found.texts.join(' AND ')} ${NEWEST_FIRST}`,
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

/** A CHANNEL that the viewer has not joined is searched only where it is named. */
function readableConversations({ conversationId, viewerId }: MessageSearch): Sql {
  if (conversationId !== null) {
    const text = `SELECT conversation.id FROM chat.conversation WHERE conversation.id = ? AND ${IS_READABLE}`
    return { text, values: [conversationId, viewerId] }
  }
  const text = `SELECT conversation.id FROM chat.member JOIN chat.conversation ON conversation.id = member.conversation_id
    WHERE member.user_id = ? AND conversation.deleted_at IS NULL`
  return { text, values: [viewerId] }
}

/**
 * OFFSET and IS TRUE keep Postgres from making a join of it, which would come after the words: so it is a filter that is
 * asked before them, because it is cheaper, and what the viewer may not read is never folded.
 */
function isAllowed(search: MessageSearch): Sql {
  const { text, values } = readableConversations(search)
  const isAmong = `(message.conversation_id IN (${text} OFFSET 0)) IS TRUE`
  if (search.conversationId === null) return { text: isAmong, values }
  return { text: `message.conversation_id = ? AND ${isAmong}`, values: [search.conversationId, ...values] }
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
