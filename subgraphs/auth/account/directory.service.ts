import type { EntityManager } from '@mikro-orm/postgresql'
import type { Connection, PageRequest } from '../../../platform/connection.ts'
import { BadUserInputError, NotFoundError } from '../../../platform/errors.ts'
import { type Actor, requireRight } from '../role/policy.ts'
import type { Role } from '../role/role.ts'
import { readLogin } from './account-rules.ts'
import { searchUsers } from './directory-search.ts'
import { User } from './user.entity.ts'
import { listUsers, type UserPage } from './user-list.ts'

const LONGEST_FILTER = 100
const LONGEST_SEARCH = 64

/** Finds people. */
export class UserDirectory {
  readonly #em: EntityManager

  constructor(options: { em: EntityManager }) {
    this.#em = options.em
  }

  /**
   * A page of all users, suspended ones included, in the order of their accounts' making.
   *
   * @param filter.query stands in the username, display name or email address; 1 to 100 characters, white space at its
   * ends not counted; with none it filters nothing.
   * @throws ForbiddenError
   * @throws BadUserInputError for a bad query or cursor.
   */
  async list(
    actor: Actor,
    page: PageRequest,
    filter: { readonly query?: string | null | undefined; readonly role?: Role | null | undefined },
  ): Promise<UserPage> {
    requireRight(actor, 'list users')
    const text = readText(filter.query ?? '', 0, LONGEST_FILTER)
    return listUsers(this.#em, page, { text: text === '' ? undefined : text, role: filter.role ?? undefined })
  }

  /**
   * A page of the users that everybody may find, by the beginnings of their names; how many there are nobody counts.
   *
   * @param query 1 to 64 characters, white space at its ends not counted.
   * @throws BadUserInputError for a bad query or cursor.
   */
  async search(page: PageRequest, query: string): Promise<Connection<User>> {
    return searchUsers(this.#em, page, readText(query, 1, LONGEST_SEARCH))
  }

  /**
   * The user of this name, whatever its case.
   *
   * @throws NotFoundError
   */
  async byUsername(username: string): Promise<User> {
    const key = readLogin(username)
    const user = key && 'usernameKey' in key && (await this.#em.findOne(User, key))
    if (!user) throw new NotFoundError('user')
    return user
  }
}

function readText(text: string, shortest: number, longest: number): string {
  const trimmed = text.trim()
  const isInBounds = trimmed.length >= shortest && trimmed.length <= 2 * longest && [...trimmed].length <= longest
  if (isInBounds && !/[\p{Cc}\p{Cs}]/u.test(trimmed)) return trimmed
  throw new BadUserInputError(`query has ${shortest} to ${longest} characters, and no control characters.`)
}
