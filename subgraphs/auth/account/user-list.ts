import { raw } from '@mikro-orm/core'
import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql'
import {
  type Connection,
  decodeCursor,
  encodeCursor,
  type PageRequest,
  toConnection,
} from '../../../platform/connection.ts'
import { isUuid } from '../../../platform/ids.ts'
import type { Role } from '../role/role.ts'
import { User } from './user.entity.ts'

/** A page of users, and for some lists a way to find out how many the whole one has: counting reads all of them. */
export interface UserPage extends Connection<User> {
  readonly countAll?: () => Promise<number>
}

/** Which users; without a property, all. */
export interface UserFilter {
  /** Stands somewhere in the username, the display name or the email address, in whatever case. */
  readonly text?: string | undefined
  readonly role?: Role | undefined
}

/**
 * A page of the users in the order of their accounts' making, which is that of their ids, read with one statement.
 *
 * @throws BadUserInputError for a cursor of another list.
 */
export async function listUsers(em: EntityManager, page: PageRequest, filter: UserFilter): Promise<UserPage> {
  const [beyond, order] = page.direction === 'forward' ? (['$gt', 'asc'] as const) : (['$lt', 'desc'] as const)
  const cursor = page.cursor === undefined ? undefined : decodeCursor('user', page.cursor, isUuid)
  const condition = { $and: [conditionOf(filter), cursor === undefined ? {} : { id: { [beyond]: cursor } }] }
  const users = await em.find(User, condition, { orderBy: { id: order }, limit: page.size + 1 })
  return {
    ...toConnection(page, users, ({ id }) => encodeCursor('user', id)),
    countAll: () => em.count(User, conditionOf(filter)),
  }
}

function conditionOf({ text, role }: UserFilter): FilterQuery<User> {
  const $ilike = text === undefined ? undefined : `%${escapeLike(text)}%`
  return {
    ...($ilike !== undefined && {
      $or: [{ username: { $ilike } }, { displayName: { $ilike } }, { email: { $ilike } }],
    }),
    // In these words, because they are those of the index of administrators.
    ...(role !== undefined && { [raw('? = any (roles)', [role])]: [] }),
  }
}

/** A text that stands for itself in a pattern of LIKE. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
