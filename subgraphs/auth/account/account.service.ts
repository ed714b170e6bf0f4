import { UniqueConstraintViolationException } from '@mikro-orm/core'
import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { Password } from '../password/password.entity.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { normalisePassword, readNewPassword } from '../password/password-rules.ts'
import { readDisplayName, readEmail, readLogin, readUsername } from './account-rules.ts'
import { User } from './user.entity.ts'

export interface NewAccount {
  readonly email: string
  readonly username: string
  readonly password: string
  readonly displayName?: string | null | undefined
}

/** Makes accounts and recognises their owners. */
export class AccountService {
  readonly #em: EntityManager
  readonly #passwords: PasswordHasher
  readonly #passwordMinLength: number
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    passwords: PasswordHasher
    passwordMinLength: number
    now: () => Date
  }) {
    this.#em = options.em
    this.#passwords = options.passwords
    this.#passwordMinLength = options.passwordMinLength
    this.#now = options.now
  }

  /**
   * Makes an account. Whether a name is free the database alone decides, so that two who want it at once get one answer each.
   *
   * @throws UserFault BAD_USER_INPUT, WEAK_PASSWORD, EMAIL_TAKEN or USERNAME_TAKEN
   * @throws RateLimitedError while too many passwords are being hashed.
   */
  async signUp(input: NewAccount): Promise<User> {
    const email = readEmail(input.email)
    const username = readUsername(input.username)
    const displayName = readDisplayName(input.displayName ?? username.text)
    const password = readNewPassword(input.password, { minLength: this.#passwordMinLength })
    const hash = await this.#passwords.hash(password)
    // A fork, because a refused insert would stay behind for the operation's next sign-up.
    const em = this.#em.fork()
    const createdAt = this.#now()
    const user = em.create(User, {
      id: newUuid(),
      email: email.text,
      emailKey: email.key,
      username: username.text,
      usernameKey: username.key,
      displayName,
      roles: ['MEMBER'],
      createdAt,
    })
    em.create(Password, { user, hash, changedAt: createdAt })
    await em.flush().catch(throwAsTaken)
    return user
  }

  /**
   * The user whom a login, an email address or a username, and a password belong to. It takes equally long and says
   * the same whichever of them is wrong.
   *
   * @throws UserFault INVALID_CREDENTIALS
   * @throws RateLimitedError while too many passwords are being checked.
   */
  async authenticate(login: string, password: string): Promise<User> {
    const named = readLogin(login)
    const proof = named && (await this.#em.findOne(Password, { user: named }, { populate: ['user'] }))
    const normalised = normalisePassword(password)
    const isRight = await this.#passwords.verify(proof?.hash, normalised)
    if (!isRight || !proof || normalised === undefined) {
      throw new UserFault('INVALID_CREDENTIALS', 'The login and the password do not belong together.', ['input'])
    }
    if (this.#passwords.isOutdated(proof.hash)) await this.#rehash(proof, normalised)
    return proof.user
  }

  /** Compares with the hash that was verified, so that a password changed meanwhile stays changed. */
  async #rehash(proof: Password, password: string): Promise<void> {
    const hash = await this.#passwords.hash(password)
    await this.#em.nativeUpdate(Password, { user: proof.user.id, hash: proof.hash }, { hash })
  }
}

const TAKEN: Readonly<Record<string, UserFault>> = {
  user_email_key: new UserFault('EMAIL_TAKEN', 'Another account has this email address.', ['input', 'email']),
  user_username_key: new UserFault('USERNAME_TAKEN', 'Another account has this username.', ['input', 'username']),
}

function throwAsTaken(error: unknown): never {
  if (!(error instanceof UniqueConstraintViolationException)) throw error
  const { constraint } = error as { constraint?: string }
  throw (constraint && TAKEN[constraint]) || error
}
