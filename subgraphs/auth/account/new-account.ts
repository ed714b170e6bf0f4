import type { EntityManager } from '@mikro-orm/postgresql'
import type { NewPasswords } from '../password/new-passwords.ts'
import { Password } from '../password/password.entity.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { type Identifier, readDisplayName, readEmail, readUsername } from './account-rules.ts'
import { User } from './user.entity.ts'

/** What a form for a new account says. */
export interface NewAccount {
  readonly email: string
  readonly username: string
  readonly password: string
  /** The username when not given. */
  readonly displayName?: string | null | undefined
}

/** What an account is called by. */
export interface AccountNames {
  readonly email: Identifier
  readonly username: Identifier
  readonly displayName: string
}

/** A form that keeps the rules. Whether its names are taken, only the database can tell. */
export interface CheckedAccount extends AccountNames {
  /** Of the password. */
  readonly hash: string
}

/**
 * Checks what a form says, and hashes its password.
 *
 * @throws UserFault BAD_USER_INPUT, WEAK_PASSWORD, or USERNAME_TAKEN for a reserved one
 * @throws RateLimitedError while too many passwords are being hashed.
 */
export async function checkAccount(
  { newPasswords, hasher }: { readonly newPasswords: NewPasswords; readonly hasher: PasswordHasher },
  form: NewAccount,
): Promise<CheckedAccount> {
  const email = readEmail(form.email)
  const username = readUsername(form.username)
  const displayName = readDisplayName(form.displayName ?? username.text)
  const password = await newPasswords.accept(form.password, {
    path: ['input', 'password'],
    personal: [email.text, username.text, displayName],
  })
  return { email, username, displayName, hash: await hasher.hash(password) }
}

/** Makes a user and their password in a unit of work. Its flush fails where a name is taken: see `throwAsTaken`. */
export function addAccount(em: EntityManager, id: string, { hash, ...names }: CheckedAccount, createdAt: Date): User {
  const user = newUser(em, id, names, createdAt)
  em.create(Password, { user, hash, changedAt: createdAt })
  return user
}

/** A user as everybody begins, without a password. */
export function newUser(
  em: EntityManager,
  id: string,
  { email, username, displayName }: AccountNames,
  createdAt: Date,
): User {
  return em.create(User, {
    id,
    email: email.text,
    emailKey: email.key,
    emailVerifiedAt: null,
    username: username.text,
    usernameKey: username.key,
    displayName,
    avatarUrl: null,
    roles: ['MEMBER'],
    suspendedAt: null,
    tokenVersion: 0,
    createdAt,
  })
}
