import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { newUuid } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { NewPasswords } from '../password/new-passwords.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { changeRoles } from '../role/role-change.ts'
import type { SessionEnding } from '../session/session-ending.ts'
import { type Identifier, isUsername, LONGEST_USERNAME, readEmail, readUsername } from './account-rules.ts'
import { addAccount, type CheckedAccount, checkAccount } from './new-account.ts'
import { throwAsTaken } from './taken.ts'
import { findUserForUpdate, type User } from './user.entity.ts'

/** What an administrator's account is made with. */
export interface AdministratorParts {
  readonly em: EntityManager
  readonly hasher: PasswordHasher
  readonly newPasswords: NewPasswords
  readonly audit: AuditLog
  readonly now: () => Date
}

/**
 * Makes an administrator's account on behalf of the server's operator, whose word for the address is enough.
 *
 * @param wanted.username without it, one after the address, with a number at its end where that is taken.
 * @throws UserFault BAD_USER_INPUT, WEAK_PASSWORD, EMAIL_TAKEN or USERNAME_TAKEN
 */
export async function createAdministrator(
  parts: AdministratorParts,
  wanted: { readonly email: string; readonly username?: string | undefined; readonly password: string },
): Promise<User> {
  const account = await checkAccount(parts, { ...wanted, username: wanted.username ?? usernameAfter(wanted.email) })
  for (let number = 1; ; number += 1) {
    const username = number === 1 ? account.username : numbered(account.username, number)
    try {
      return await insert(parts, { ...account, username, displayName: username.text })
    } catch (error) {
      const isTaken = error instanceof UserFault && error.code === 'USERNAME_TAKEN'
      if (!isTaken || wanted.username !== undefined) throw error
    }
  }
}

/**
 * Adds ADMIN to the roles of the account that has this address. Theirs already, it changes nothing.
 *
 * @throws UserFault BAD_USER_INPUT
 * @throws NotFoundError when no account has the address.
 */
export async function promoteToAdministrator(
  parts: { readonly em: EntityManager; readonly ending: SessionEnding; readonly audit: AuditLog },
  email: string,
): Promise<User> {
  const { key } = readEmail(email)
  const promoted = await parts.em.fork().transactional(async (em) => {
    const user = await findUserForUpdate(em, { emailKey: key }, () => new NotFoundError('account'))
    changeRoles(em, parts, { user, roles: [...user.roles, 'ADMIN'], actorId: null })
    return user
  })
  parts.ending.ring()
  return promoted
}

async function insert({ em: shared, audit, now }: AdministratorParts, account: CheckedAccount): Promise<User> {
  const em = shared.fork()
  const user = addAccount(em, newUuid(), account, now())
  user.emailVerifiedAt = user.createdAt
  user.roles = ['MEMBER', 'ADMIN']
  const details = `roles: ${user.roles.join(', ')}; by the server's operator`
  audit.record(em, { action: 'user.created', actorId: null, subjectId: user.id, details })
  await em.flush().catch(throwAsTaken)
  return user
}

/** The part before the @, as far as a username may have its characters; `admin` where that leaves none. */
function usernameAfter(email: string): string {
  const [local = ''] = email.split(/[@+]/)
  const fit = local.replace(/[^A-Za-z0-9._-]/g, '').slice(0, LONGEST_USERNAME)
  return isUsername(fit) ? fit : 'admin'
}

function numbered({ text }: Identifier, number: number): Identifier {
  return readUsername(`${text.slice(0, LONGEST_USERNAME - String(number).length)}${number}`)
}
