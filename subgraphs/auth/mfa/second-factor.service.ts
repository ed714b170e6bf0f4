import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../platform/logging.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { findUserForUpdate, type User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Sealer } from '../keys/sealer.ts'
import type { AccountLimits } from '../limits/account-limits.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import { type ProvenPassword, requireStillProven } from '../password/proven-password.ts'
import { CodeVerifier } from './code-verifier.ts'
import { RecoveryCode } from './recovery-code.entity.ts'
import { newRecoveryCodes, readRecoveryCode } from './recovery-codes.ts'
import { Totp } from './totp.entity.ts'
import { newTotpSecret, type TotpSecretForm, totpSecretForm } from './totp-code.ts'
import { normaliseCode } from './typed-code.ts'

/**
 * The second factor of users: an authenticator app (TOTP, RFC 6238), and recovery codes for the day it is lost. Codes
 * of all kinds are tried under one limit for each user.
 */
export class SecondFactorService {
  readonly #em: EntityManager
  readonly #sealer: Sealer
  readonly #limits: Pick<AccountLimits, 'secondFactor'>
  readonly #audit: AuditLog
  readonly #mail: MailQueue
  readonly #now: () => Date
  readonly #codes: CodeVerifier

  constructor(options: {
    em: EntityManager
    sealer: Sealer
    limits: Pick<AccountLimits, 'secondFactor'>
    audit: AuditLog
    mail: MailQueue
    logger: Logger
    now: () => Date
  }) {
    this.#em = options.em
    this.#sealer = options.sealer
    this.#limits = options.limits
    this.#audit = options.audit
    this.#mail = options.mail
    this.#now = options.now
    this.#codes = new CodeVerifier(options)
  }

  /**
   * Lets a user pass who has no second factor, or proves it. The code is spent at once, whatever becomes of the
   * caller's own work: call it outside of a transaction.
   *
   * @param path of the code in the form.
   * @throws UserFault TOTP_REQUIRED without a code, INVALID_CODE
   * @throws RateLimitedError after too many wrong codes.
   */
  async require(user: User, code: string | null | undefined, path: readonly string[]): Promise<void> {
    const totp = await this.#find(user, 'in force')
    if (!totp) return
    if (!code || normaliseCode(code) === '') {
      throw new UserFault('TOTP_REQUIRED', 'Enter the code of the authenticator app, or a recovery code.', path)
    }
    await this.#try(user, path, () => this.#codes.spend(totp, code))
  }

  /**
   * Makes a secret for the user's authenticator app; until `confirm` it does nothing. A second call replaces it.
   *
   * @throws UserFault FORBIDDEN while a second factor is in force.
   */
  async begin(user: User): Promise<TotpSecretForm> {
    const secret = newTotpSecret()
    const sealedSecret = this.#sealer.seal('totp secret', secret, user.id)
    const { affectedRows } = await this.#em
      .createQueryBuilder(Totp)
      .insert({ user: user.id, sealedSecret, createdAt: this.#now(), confirmedAt: null, lastStep: 0 })
      .onConflict('user')
      .merge(['sealedSecret', 'createdAt'])
      .where({ confirmedAt: null })
      .execute('run')
    if (affectedRows === 1) return totpSecretForm(secret, user.email)
    throw new UserFault('FORBIDDEN', 'A second factor is in force already; turn it off before setting up another.', [])
  }

  /**
   * Puts the second factor in force: with it come ten recovery codes, which are shown this one time.
   *
   * @param path of the code in the form.
   * @throws UserFault INVALID_CODE; NOT_FOUND when nothing waits for it
   * @throws RateLimitedError
   */
  async confirm(user: User, code: string, path: readonly string[]): Promise<string[]> {
    const totp = await this.#find(user, 'begun')
    if (!totp) throw new UserFault('NOT_FOUND', 'There is nothing to confirm; set up an authenticator app first.', [])
    const recoveryCodes = newRecoveryCodes()
    await this.#try(user, path, async () => {
      const step = await this.#codes.stepOf(totp, code)
      return step !== undefined && this.#enable(totp, step, recoveryCodes)
    })
    this.#mail.wake()
    return recoveryCodes
  }

  /**
   * Takes the second factor and its recovery codes away.
   *
   * @param proven that the user gave their password.
   * @param code of the authenticator app, or a recovery code.
   * @param path of the code in the form.
   * @throws UserFault INVALID_CODE; NOT_FOUND when there is no second factor; INVALID_CREDENTIALS
   * @throws RateLimitedError
   */
  async disable(user: User, proven: ProvenPassword, code: string, path: readonly string[]): Promise<void> {
    const totp = await this.#find(user, 'in force')
    if (!totp) throw nothingToDisable()
    await this.#try(user, path, () => this.#codes.spend(totp, code))
    await this.#em.transactional(async (em) => {
      await findUserForUpdate(em, user.id)
      await requireStillProven(em, proven, ['input', 'password'])
      const deleted = await em.nativeDelete(Totp, { user: user.id, sealedSecret: totp.sealedSecret })
      if (deleted === 0) throw nothingToDisable()
      await em.nativeDelete(RecoveryCode, { user: user.id })
      this.#tell(em, user.id, 'totp.disabled')
    })
    this.#mail.wake()
  }

  /** Nothing if another request was faster: with this code, with another, or with a new secret. */
  async #enable({ user, sealedSecret }: Totp, step: number, recoveryCodes: readonly string[]): Promise<boolean> {
    return this.#em.transactional(async (em) => {
      await findUserForUpdate(em, user.id)
      const begun = { user: user.id, sealedSecret, confirmedAt: null }
      const enabled = await em.nativeUpdate(Totp, begun, { confirmedAt: this.#now(), lastStep: step })
      if (enabled === 0) return false
      await em.insertMany(
        RecoveryCode,
        recoveryCodes.map((code) => ({ user: user.id, digest: this.#digest(code, user.id) })),
      )
      this.#tell(em, user.id, 'totp.enabled')
      return true
    })
  }

  #digest(recoveryCode: string, userId: string): Buffer {
    return this.#sealer.digest('recovery code', readRecoveryCode(normaliseCode(recoveryCode)), userId)
  }

  #tell(em: EntityManager, userId: string, action: 'totp.enabled' | 'totp.disabled'): void {
    this.#audit.record(em, { action, actorId: userId, subjectId: userId })
    this.#mail.toUser(em, userId, 'SECOND_FACTOR_CHANGED')
  }

  /** A wrong code after a right password is the refusal most worth knowing of. */
  async #noteRefusal(subjectId: string): Promise<void> {
    const em = this.#em.fork()
    this.#audit.record(em, { action: 'totp.refused', actorId: null, subjectId })
    await em.flush()
  }

  /** Read anew each time: another request of the same user may have changed it. */
  #find(user: User, state: 'begun' | 'in force'): Promise<Totp | null> {
    const confirmedAt = state === 'begun' ? null : { $ne: null }
    return this.#em.findOne(Totp, { user: user.id, confirmedAt }, { disableIdentityMap: true })
  }

  /** Counts before looking, so that many at once get no more tries than one after the other. */
  async #try(user: User, path: readonly string[], isRight: () => Promise<boolean>): Promise<void> {
    const attempt = await this.#limits.secondFactor(user.id)
    if (!(await isRight())) {
      await this.#noteRefusal(user.id)
      throw new UserFault('INVALID_CODE', 'This code is wrong, too old, or was used before; enter a newer one.', path)
    }
    await attempt.succeeded()
  }
}

function nothingToDisable(): UserFault {
  return new UserFault('NOT_FOUND', 'There is no second factor to turn off.', [])
}
