import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuthConfig } from '../config.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { NewPasswords } from '../password/new-passwords.ts'
import { Password } from '../password/password.entity.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { type Identifier, readDisplayName, readEmail, readUsername } from './account-rules.ts'
import { PendingSignUp } from './pending-sign-up.entity.ts'
import type { Authenticated } from './sign-in.service.ts'
import { throwAsTaken } from './taken.ts'
import { User } from './user.entity.ts'

/** What a person wrote into the sign-up form. */
export interface NewAccount {
  readonly email: string
  readonly username: string
  readonly password: string
  readonly displayName?: string | null | undefined
}

/** What became of a sign-up. */
export interface SignedUp extends Authenticated {
  /** As it is stored, or as it will be once its address is verified. */
  readonly user: User
  /** Whether it can be signed in to now. */
  readonly isUsable: boolean
}

interface Checked {
  readonly email: Identifier
  readonly username: Identifier
  readonly displayName: string
  readonly hash: string
}

/** How long a sign-up waits for its address to be verified. */
const PENDING_MS = 24 * 3_600_000

/** Makes accounts for those who come to the door. */
export class SignUpService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #config: Pick<AuthConfig, 'requireVerifiedEmail'>
  readonly #newPasswords: NewPasswords
  readonly #hasher: PasswordHasher
  readonly #limits: AccountLimits
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    caller: Caller
    config: Pick<AuthConfig, 'requireVerifiedEmail'>
    newPasswords: NewPasswords
    hasher: PasswordHasher
    limits: AccountLimits
    audit: AuditLog
    mail: MailQueue
    now: () => Date
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#config = options.config
    this.#newPasswords = options.newPasswords
    this.#hasher = options.hasher
    this.#limits = options.limits
    this.#audit = options.audit
    this.#mail = options.mail
    this.#now = options.now
  }

  /**
   * Makes an account and sends the mail that verifies its address. Where addresses must be verified first, it is only
   * noted down, in the same way whether or not the address has an account: the mail tells its owner which.
   *
   * @throws UserFault BAD_USER_INPUT, WEAK_PASSWORD, EMAIL_TAKEN or USERNAME_TAKEN
   * @throws RateLimitedError
   */
  async signUp(input: NewAccount): Promise<SignedUp> {
    await this.#limits.signUp(this.#caller.address)
    const checked = await this.#check(input)
    const signedUp = this.#config.requireVerifiedEmail
      ? { user: await this.#noteDown(checked), passwordHash: checked.hash, isUsable: false }
      : { user: await this.#create(checked), passwordHash: checked.hash, isUsable: true }
    this.#mail.wake()
    return signedUp
  }

  async #check(input: NewAccount): Promise<Checked> {
    const email = readEmail(input.email)
    const username = readUsername(input.username)
    const displayName = readDisplayName(input.displayName ?? username.text)
    const password = await this.#newPasswords.accept(input.password, {
      path: ['input', 'password'],
      personal: [email.text, username.text, displayName],
    })
    return { email, username, displayName, hash: await this.#hasher.hash(password) }
  }

  async #create({ hash, ...checked }: Checked): Promise<User> {
    // A fork, because a refused insert would stay behind for the operation's next sign-up.
    const em = this.#em.fork()
    const user = newUser(em, newUuid(), checked, this.#now())
    em.create(Password, { user, hash, changedAt: user.createdAt })
    this.#audit.record(em, { action: 'user.signed_up', actorId: user.id, subjectId: user.id })
    this.#mail.toUser(em, user.id, 'VERIFY_EMAIL')
    await em.flush().catch(throwAsTaken)
    return user
  }

  async #noteDown({ hash, ...checked }: Checked): Promise<User> {
    const em = this.#em.fork()
    const { email, username, displayName } = checked
    if ((await em.count(User, { usernameKey: username.key })) > 0) {
      throw new UserFault('USERNAME_TAKEN', 'Another account has this username.', ['input', 'username'])
    }
    const createdAt = this.#now()
    const { id } = em.create(PendingSignUp, {
      id: newUuid(),
      email: email.text,
      emailKey: email.key,
      username: username.text,
      usernameKey: username.key,
      displayName,
      passwordHash: hash,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + PENDING_MS),
    })
    this.#mail.toAddress(em, email.key, 'VERIFY_EMAIL')
    await em.flush()
    // Shown to its maker and never stored.
    return newUser(this.#em.fork(), id, checked, createdAt)
  }
}

/** An account as everybody begins with one. */
export function newUser(
  em: EntityManager,
  id: string,
  { email, username, displayName }: Omit<Checked, 'hash'>,
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
