import type { EntityManager } from '@mikro-orm/postgresql'
import type { Logger } from '../../../platform/logging.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Sealer } from '../keys/sealer.ts'
import { RecoveryCode } from './recovery-code.entity.ts'
import { readRecoveryCode } from './recovery-codes.ts'
import { Totp } from './totp.entity.ts'
import { totpStepOf } from './totp-code.ts'
import { isTotpCode, normaliseCode } from './typed-code.ts'

/** Decides whether a code is good, and sees to it that it is good once. */
export class CodeVerifier {
  readonly #em: EntityManager
  readonly #sealer: Sealer
  readonly #audit: AuditLog
  readonly #logger: Logger
  readonly #now: () => Date

  constructor(options: { em: EntityManager; sealer: Sealer; audit: AuditLog; logger: Logger; now: () => Date }) {
    this.#em = options.em
    this.#sealer = options.sealer
    this.#audit = options.audit
    this.#logger = options.logger
    this.#now = options.now
  }

  /**
   * Spends a code of the authenticator app, or a recovery code. A statement of the database decides, so that of all who
   * send the same code at once one passes.
   *
   * @returns false when it is not good, or not any more.
   */
  async spend(totp: Totp, typed: string): Promise<boolean> {
    const code = normaliseCode(typed)
    return isTotpCode(code) ? this.#spendStep(totp, code) : this.#spendRecoveryCode(totp.user.id, code)
  }

  /** The time step that a code of the authenticator app belongs to; undefined when it is none of now. Spends nothing. */
  async stepOf(totp: Totp, typed: string): Promise<number | undefined> {
    const code = normaliseCode(typed)
    const secret = isTotpCode(code) ? this.#open(totp) : undefined
    return secret && totpStepOf(secret, code, this.#now())
  }

  /** Accepts only steps later than the newest that was accepted (RFC 6238 §5.2). */
  async #spendStep(totp: Totp, code: string): Promise<boolean> {
    const step = await this.stepOf(totp, code)
    if (step === undefined) return false
    const { user, sealedSecret } = totp
    const isOfNow = { user: user.id, sealedSecret, confirmedAt: { $ne: null } }
    const spent = await this.#em.nativeUpdate(Totp, { ...isOfNow, lastStep: { $lt: step } }, { lastStep: step })
    return spent === 1
  }

  async #spendRecoveryCode(userId: string, code: string): Promise<boolean> {
    const digest = this.#sealer.digest('recovery code', readRecoveryCode(code), userId)
    return this.#em.transactional(async (em) => {
      const spent = await em.nativeDelete(RecoveryCode, { user: userId, digest })
      if (spent === 0) return false
      this.#audit.record(em, { action: 'totp.recovery_code_used', actorId: userId, subjectId: userId })
      return true
    })
  }

  /** A secret that cannot be opened has no right code: nobody gets in by a fault of the configuration. */
  #open({ user, sealedSecret }: Totp): Buffer | undefined {
    try {
      return this.#sealer.open('totp secret', sealedSecret, user.id)
    } catch (error) {
      this.#logger.error(
        { err: error, userId: user.id },
        'The secret of an authenticator app cannot be opened, and no code of its user is accepted: it was sealed ' +
          'under another JWT_SIGNING_KEY, or changed in the database.',
      )
      return undefined
    }
  }
}
