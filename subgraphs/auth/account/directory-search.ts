import type { EntityManager } from '@mikro-orm/postgresql'
import { decodeCursor, encodeCursor, type PageRequest, toConnection } from '../../../platform/connection.ts'
import { User } from './user.entity.ts'
import { escapeLike, type UserPage } from './user-list.ts'

const NAMED_SO = 'username_key LIKE ? AND suspended_at IS NULL'
const CALLED_SO = `to_tsvector('simple', display_name) @@ to_tsquery('simple', ?) AND suspended_at IS NULL`

// By bytes: the order of the index that finds prefixes, and the same whatever the database's locale.
const PAGE_OF = 'ORDER BY username_key USING ~<~ LIMIT ?'

/**
 * Each way has an index of its own; an OR of the two would have none for the order. Those found by their display names
 * are found first of all: how many they are Postgres cannot guess, and could go through everybody in the order instead.
 */
const PAGE = `
  WITH called AS MATERIALIZED (SELECT id, username_key FROM auth.user WHERE ${CALLED_SO})
  SELECT * FROM auth.user WHERE id IN (
    (SELECT id FROM auth.user WHERE ${NAMED_SO} AND username_key ~>~ ? ${PAGE_OF})
    UNION (SELECT id FROM called WHERE username_key ~>~ ? ${PAGE_OF})
  ) ${PAGE_OF}`
const COUNT = `
  SELECT count(*)::int AS count FROM (
    SELECT id FROM auth.user WHERE ${NAMED_SO} UNION SELECT id FROM auth.user WHERE ${CALLED_SO}
  ) AS found`

/**
 * A page, forward only, of the users who are not suspended and whose username begins with `text`, or whose display name
 * has for each word of `text` one that begins with it; by username, read with one statement.
 *
 * @throws BadUserInputError for a cursor of another list.
 */
export async function searchUsers(em: EntityManager, page: PageRequest, text: string): Promise<UserPage> {
  const prefix = `${escapeLike(text.toLowerCase())}%`
  const words = toPrefixQuery(text)
  const after = page.cursor === undefined ? '' : decodeCursor('username', page.cursor, isUsernameKey)
  const limit = page.size + 1
  const rows = await em.execute(PAGE, [words, prefix, after, limit, after, limit, limit])
  const users = rows.map((row) => em.map(User, row))
  return {
    ...toConnection(page, users, ({ usernameKey }) => encodeCursor('username', usernameKey)),
    countAll: async () => {
      const [{ count }]: [{ count: number }] = await em.execute(COUNT, [prefix, words])
      return count
    },
  }
}

/** Quoted, a word means nothing but itself to `to_tsquery`, which takes it apart as it did the names. */
function toPrefixQuery(text: string): string {
  return text
    .split(/\s+/)
    .map((word) => `'${word.replace(/['\\]/g, '$&$&')}':*`)
    .join(' & ')
}

function isUsernameKey(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9._-]+$/.test(value)
}
