import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { readLogin } from '../account/account-rules.ts'
import { findUserForUpdate, type User } from '../account/user.entity.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { MailQueue } from '../mail/mail-queue.ts'
import { RecoveryCode } from './recovery-code.entity.ts'
import { Totp } from './totp.entity.ts'

/**
 * Takes somebody's second factor away on the word of the server's operator: for those who lost the device and the
 * recovery codes, whom nothing else can help.
 *
 * @param login the email address or the username.
 * @throws NotFoundError when it names nobody.
 * @throws UserFault NOT_FOUND when there is no second factor.
 */
export async function resetSecondFactor(
  { em, audit, mail }: { readonly em: EntityManager; readonly audit: AuditLog; readonly mail: MailQueue },
  login: string,
): Promise<User> {
  return em.fork().transactional(async (tx) => {
    const key = readLogin(login)
    if (!key) throw noSuchAccount()
    const user = await findUserForUpdate(tx, key, noSuchAccount)
    const deleted = await tx.nativeDelete(Totp, { user: user.id })
    if (deleted === 0) throw new UserFault('NOT_FOUND', 'This account has no second factor.', [])
    await tx.nativeDelete(RecoveryCode, { user: user.id })
    const details = "by the server's operator"
    audit.record(tx, { action: 'totp.disabled', actorId: null, subjectId: user.id, details })
    mail.toUser(tx, user.id, 'SECOND_FACTOR_CHANGED')
    return user
  })
}

function noSuchAccount(): NotFoundError {
  return new NotFoundError('account')
}
