import type { EntityManager } from '@mikro-orm/postgresql'
import { RateLimitedError } from '../../../platform/errors.ts'
import type { Caller } from '../../../platform/subgraph/caller.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuthConfig } from '../config.ts'
import type { AccountLimits, Attempt } from '../limits/account-limits.ts'
import type { SecondFactorService } from '../mfa/second-factor.service.ts'
import { Password } from '../password/password.entity.ts'
import type { PasswordHasher } from '../password/password-hasher.ts'
import { normalisePassword } from '../password/password-rules.ts'
import { invalidCredentials, type ProvenPassword } from '../password/proven-password.ts'
import { type LoginKey, readLogin } from './account-rules.ts'
import { type EntryMetrics, failureOf, type SignInResult } from './entry-metrics.ts'
import { PendingSignUp } from './pending-sign-up.entity.ts'
import type { User } from './user.entity.ts'

/** As it is in the database now, whatever this operation has read or changed before. */
const AS_STORED = { disableIdentityMap: true } as const

/** What faults after a right password count as. */
const FAULTS = {
  EMAIL_NOT_VERIFIED: 'not_verified',
  TOTP_REQUIRED: 'code_required',
  INVALID_CODE: 'wrong_code',
} as const

/** Of a login that can be nobody's, as much as failures are counted by. */
const LONGEST_NAME = 254

/** What a person wrote into the sign-in form. */
export interface Credentials {
  readonly login: string
  readonly password: string
  readonly totpCode?: string | null | undefined
}

/** Somebody who has just proved who they are. */
export interface Authenticated {
  readonly user: User
  /** A session is opened only while it is still their password. */
  readonly proven: ProvenPassword
}

/** Recognises people by their password and second factor. */
export class SignInService {
  readonly #em: EntityManager
  readonly #caller: Caller
  readonly #config: Pick<AuthConfig, 'requireVerifiedEmail'>
  readonly #hasher: PasswordHasher
  readonly #limits: AccountLimits
  readonly #secondFactor: SecondFactorService
  readonly #audit: AuditLog
  readonly #entries: Pick<EntryMetrics, 'signIn'>
  readonly #now: () => Date

  constructor(options: {
    em: EntityManager
    caller: Caller
    config: Pick<AuthConfig, 'requireVerifiedEmail'>
    hasher: PasswordHasher
    limits: AccountLimits
    secondFactor: SecondFactorService
    audit: AuditLog
    entries: Pick<EntryMetrics, 'signIn'>
    now: () => Date
  }) {
    this.#em = options.em
    this.#caller = options.caller
    this.#config = options.config
    this.#hasher = options.hasher
    this.#limits = options.limits
    this.#secondFactor = options.secondFactor
    this.#audit = options.audit
    this.#entries = options.entries
    this.#now = options.now
  }

  /**
   * The user whom a login, an email address or a username, a password and, where there is one, a second factor belong
   * to. Says the same, after the same work, for an unknown login, a wrong password and a suspended account.
   *
   * @throws UserFault INVALID_CREDENTIALS; with the right password EMAIL_NOT_VERIFIED, TOTP_REQUIRED or INVALID_CODE
   * @throws RateLimitedError after too many failures, or while too many passwords are being checked.
   */
  async authenticate(credentials: Credentials): Promise<Authenticated> {
    let refusal: SignInResult = 'error'
    const note = (result: SignInResult) => {
      refusal = result
    }
    try {
      const authenticated = await this.#recognise(credentials, note)
      this.#entries.signIn('ok')
      return authenticated
    } catch (error) {
      this.#entries.signIn(failureOf(error, { ...FAULTS, INVALID_CREDENTIALS: refusal }))
      throw error
    }
  }

  /** @param note is told why credentials are refused, which the error does not say. */
  async #recognise(
    { login, password, totpCode }: Credentials,
    note: (result: SignInResult) => void,
  ): Promise<Authenticated> {
    const key = readLogin(login)
    // By the name that was given, not by whose it is: the answer would link usernames to addresses.
    const attempt = await this.#limits.signIn(this.#caller.address, nameOf(key, login))
    const proof = key && (await this.#em.findOne(Password, { user: key }, { populate: ['user'], ...AS_STORED }))
    const normalised = normalisePassword(password)
    const [isRight, isPending] = await withoutCountingOverload(attempt, async () => [
      await this.#hasher.verify(proof?.hash, normalised),
      await this.#isPending(key, normalised),
    ])
    if (!isRight || !proof || normalised === undefined || proof.user.suspendedAt) {
      if (proof) note(isRight ? 'suspended' : 'wrong_password')
      else note('unknown_login')
      if (!isPending) throw await this.#refusal(proof?.user.id)
      await attempt.succeeded()
      throw notVerified()
    }
    await attempt.succeeded()
    if (this.#config.requireVerifiedEmail && !proof.user.emailVerifiedAt) throw notVerified()
    // Before the code: a hasher that is busy must not cost one.
    const hash = await this.#renewed(proof, normalised)
    await this.#secondFactor.require(proof.user, totpCode, ['input', 'totpCode'])
    return { user: proof.user, proven: { userId: proof.user.id, hash } }
  }

  /**
   * Asks a signed-in user for their password once more; a wrong one counts as a failed sign-in.
   *
   * @throws UserFault INVALID_CREDENTIALS
   * @throws RateLimitedError
   */
  async requirePassword(user: User, password: string, path: readonly string[]): Promise<ProvenPassword> {
    const attempt = await this.#limits.signIn(this.#caller.address, user.id)
    const proof = await this.#em.findOne(Password, { user: user.id }, AS_STORED)
    const verify = () => this.#hasher.verify(proof?.hash, normalisePassword(password))
    if (!(await withoutCountingOverload(attempt, verify)) || !proof) {
      await this.#noteRefusal(user.id, 'password asked for again')
      throw new UserFault('INVALID_CREDENTIALS', 'This is not the account’s password.', path)
    }
    await attempt.succeeded()
    return { userId: user.id, hash: proof.hash }
  }

  /** Whether a sign-up with this password waits for its address to be verified; as much work when there is none. */
  async #isPending(key: LoginKey | undefined, password: string | undefined): Promise<boolean> {
    if (!this.#config.requireVerifiedEmail) return false
    const condition = key && { ...key, expiresAt: { $gt: this.#now() } }
    const newestFirst = { orderBy: { createdAt: 'desc' } } as const
    const pending = condition && (await this.#em.findOne(PendingSignUp, condition, newestFirst))
    return this.#hasher.verify(pending?.passwordHash, password)
  }

  /** Written down for unknown logins as well, so that it takes as long. */
  async #refusal(subjectId: string | undefined): Promise<UserFault> {
    await this.#noteRefusal(subjectId ?? null, 'password')
    return invalidCredentials()
  }

  async #noteRefusal(subjectId: string | null, details: string): Promise<void> {
    const em = this.#em.fork()
    this.#audit.record(em, { action: 'session.refused', actorId: null, subjectId, details })
    await em.flush()
  }

  /** Compares with the hash that was verified, so that a password changed meanwhile stays changed. */
  async #renewed({ user, hash }: Password, password: string): Promise<string> {
    if (!this.#hasher.isOutdated(hash)) return hash
    const renewed = await this.#hasher.hash(password)
    const updated = await this.#em.nativeUpdate(Password, { user: user.id, hash }, { hash: renewed })
    return updated === 1 ? renewed : hash
  }
}

/** While the hasher's queue is full nothing is tried, and so nobody has failed. */
async function withoutCountingOverload<Result>(attempt: Attempt, verify: () => Promise<Result>): Promise<Result> {
  try {
    return await verify()
  } catch (error) {
    if (error instanceof RateLimitedError) await attempt.succeeded()
    throw error
  }
}

/** What names nobody gets a mark in front: a user's id, by which passwords asked for again are counted, could be a login. */
function nameOf(key: LoginKey | undefined, login: string): string {
  return key ? Object.values(key).join() : `nobody ${login.slice(0, LONGEST_NAME)}`
}

function notVerified(): UserFault {
  return new UserFault('EMAIL_NOT_VERIFIED', 'Verify the email address first: follow the link in the mail.', [
    'input',
    'login',
  ])
}
