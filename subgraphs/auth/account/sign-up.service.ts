import type { EntityManager } from '@mikro-orm/postgresql'
import { newUuid } from '../../../platform/ids.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuthConfig } from '../config.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import type { NewPasswords } from '../password/new-passwords.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { type EntryMetrics, failureOf } from './entry-metrics.ts'
import { addAccount, type CheckedAccount, checkAccount, type NewAccount, newUser } from './new-account.ts'
import { PendingSignUp } from './pending-sign-up.entity.ts'
import type { Authenticated } from './sign-in.service.ts'
import { throwAsTaken } from './taken.ts'
import { User } from './user.entity.ts'

/** What became of a sign-up. */
export interface SignedUp extends Authenticated {
  /** As it is stored, or as it will be once its address is verified. */
  readonly user: User
  /** Whether it can be signed in to now. */
  readonly isUsable: boolean
}

/** What faults of a form count as. */
const FAULTS = {
  BAD_USER_INPUT: 'invalid',
  WEAK_PASSWORD: 'weak_password',
  EMAIL_TAKEN: 'email_taken',
  USERNAME_TAKEN: 'username_taken',
} as const
/** How long a sign-up waits for its address to be verified. */
const PENDING_MS = 24 * 3_600_000
/** Of one address; a new one takes the place of the oldest. Whoever finishes one locks them all. */
const MOST_PENDING = 5

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
  readonly #entries: Pick<EntryMetrics, 'signUp'>
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
    entries: Pick<EntryMetrics, 'signUp'>
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
    this.#entries = options.entries
    this.#now = options.now
  }

  /**
   * Makes an account and sends the mail that verifies its address, unless that had too many mails of late: it can be
   * asked for later. Where addresses must be verified first, the account is only noted down, in the same way whether or
   * not the address has one: the mail tells its owner which.
   *
   * @throws UserFault BAD_USER_INPUT, WEAK_PASSWORD, EMAIL_TAKEN or USERNAME_TAKEN
   * @throws RateLimitedError
   */
  async signUp(input: NewAccount): Promise<SignedUp> {
    try {
      const signedUp = await this.#make(input)
      this.#entries.signUp(signedUp.isUsable ? 'ok' : 'pending')
      return signedUp
    } catch (error) {
      this.#entries.signUp(failureOf(error, FAULTS))
      throw error
    }
  }

  async #make(input: NewAccount): Promise<SignedUp> {
    await this.#limits.signUp(this.#caller.address)
    const checked = await checkAccount({ newPasswords: this.#newPasswords, hasher: this.#hasher }, input)
    const signedUp = this.#config.requireVerifiedEmail
      ? { user: await this.#noteDown(checked), isUsable: false }
      : { user: await this.#create(checked), isUsable: true }
    this.#mail.wake()
    return { ...signedUp, proven: { userId: signedUp.user.id, hash: checked.hash } }
  }

  async #create(checked: CheckedAccount): Promise<User> {
    // A fork, because a refused insert would stay behind for the operation's next sign-up.
    return this.#em.fork().transactional(async (em) => {
      const user = addAccount(em, newUuid(), checked, this.#now())
      this.#audit.record(em, { action: 'user.signed_up', actorId: user.id, subjectId: user.id })
      await em.flush().catch(throwAsTaken)
      // Only now, so that one that was refused takes no mail of the address.
      if (await this.#limits.mayMail(user.emailKey)) this.#mail.toUser(em, user.id, 'VERIFY_EMAIL')
      return user
    })
  }

  async #noteDown({ hash, ...checked }: CheckedAccount): Promise<User> {
    const em = this.#em.fork()
    const { email, username, displayName } = checked
    if ((await em.count(User, { usernameKey: username.key })) > 0) {
      throw new UserFault('USERNAME_TAKEN', 'Another account has this username.', ['input', 'username'])
    }
    const id = newUuid()
    const createdAt = this.#now()
    const mayMail = await this.#limits.mayMail(email.key)
    await em.transactional(async (em) => {
      await makeRoom(em, email.key)
      em.create(PendingSignUp, {
        id,
        email: email.text,
        emailKey: email.key,
        username: username.text,
        usernameKey: username.key,
        displayName,
        passwordHash: hash,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + PENDING_MS),
      })
      if (mayMail) this.#mail.toSignUp(em, id, 'VERIFY_EMAIL')
    })
    // Shown to its maker and never stored.
    return newUser(this.#em.fork(), id, checked, createdAt)
  }
}

/** Deletes the oldest sign-ups of an address but for as many as leave room for one more, one sign-up at a time. */
async function makeRoom(em: EntityManager, emailKey: string): Promise<void> {
  await em.execute('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`parley.auth.sign-ups ${emailKey}`])
  await em.execute(
    `DELETE FROM auth.pending_sign_up WHERE id IN (
       SELECT id FROM auth.pending_sign_up WHERE email_key = ? ORDER BY created_at DESC, id DESC OFFSET ?
     )`,
    [emailKey, MOST_PENDING - 1],
  )
}
