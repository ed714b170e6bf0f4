import type { EntityManager } from '@mikro-orm/postgresql'
import {
  type Connection,
  decodeCursor,
  encodeCursor,
  type PageRequest,
  toConnection,
} from '../../../platform/connection.ts'
import { User } from './user.entity.ts'
import { escapeLike } from './user-list.ts'

const NAMED_SO = 'username_key LIKE ? AND suspended_at IS NULL'
const CALLED_SO = `to_tsvector('simple', display_name) @@ to_tsquery('simple', ?) AND suspended_at IS NULL`

// By bytes: the order of the index that finds prefixes, and the same whatever the database's locale.
const PAGE_OF = 'ORDER BY username_key USING ~<~ LIMIT ?'

/** So many users in the order are looked through for each one that the page has room for. */
const LOOKED_THROUGH = 10

/**
 * Each way has an index of its own; an OR of the two would have none for the order. The index of display names has no
 * order: all that it finds must be read and sorted. So the next users in the order are looked through first, and fill
 * the page where the words are so common that reading them all would be dear; otherwise the index finds few. Postgres
 * cannot be left the choice: it cannot guess how many there are, and would go through everybody for a name that nobody has.
 */
const PAGE = `
  WITH next AS MATERIALIZED (
    SELECT id, username_key, display_name, suspended_at FROM auth.user WHERE username_key ~>~ ? ${PAGE_OF}
  ), met AS MATERIALIZED (
    SELECT id FROM next WHERE ${CALLED_SO} ${PAGE_OF}
  ), called AS MATERIALIZED (
    SELECT id, username_key FROM auth.user WHERE (SELECT count(*) FROM met) < ? AND ${CALLED_SO}
  )
  SELECT * FROM auth.user WHERE id IN (
    (SELECT id FROM auth.user WHERE ${NAMED_SO} AND username_key ~>~ ? ${PAGE_OF})
    UNION SELECT id FROM met
    UNION (SELECT id FROM called WHERE username_key ~>~ ? ${PAGE_OF})
  ) ${PAGE_OF}`

/** What a word must have to be looked for in display names: a single letter begins a word of far too many. */
const TWO_CHARACTERS = /[\p{L}\p{N}]\p{M}*[\p{L}\p{N}]/u

/**
 * A page, forward only, of the users who are not suspended and whose username begins with `text`, or whose display name
 * has for each word of `text` one that begins with it; by username, read with one statement. Words without two letters
 * or digits side by side are not looked for in display names.
 *
 * @throws BadUserInputError for a cursor of another list.
 */
export async function searchUsers(em: EntityManager, page: PageRequest, text: string): Promise<Connection<User>> {
  const prefix = `${escapeLike(text.toLowerCase())}%`
  const words = toPrefixQuery(text)
  const after = page.cursor === undefined ? '' : decodeCursor('username', page.cursor, isUsernameKey)
  const limit = page.size + 1
  const next = [after, LOOKED_THROUGH * limit]
  const found = [prefix, after, limit, after, limit, limit]
  const rows = await em.execute(PAGE, [...next, words, limit, limit, words, ...found])
  const users = rows.map((row) => em.map(User, row))
  return toConnection(page, users, ({ usernameKey }) => encodeCursor('username', usernameKey))
}

/** Quoted, a word means nothing but itself to `to_tsquery`, which takes it apart as it did the names. */
function toPrefixQuery(text: string): string {
  return text
    .split(/\s+/)
    .filter((word) => TWO_CHARACTERS.test(word))
    .map((word) => `'${word.replace(/['\\]/g, '$&$&')}':*`)
    .join(' & ')
}

function isUsernameKey(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9._-]+$/.test(value)
}
