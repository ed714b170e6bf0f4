import { ConfigurationError } from '../../../platform/environment.ts'
import type { Logger } from '../../../platform/logging.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import { readEmail } from './account-rules.ts'
import { type AdministratorParts, createAdministrator } from './administrators.ts'
import { User } from './user.entity.ts'

type Parts = AdministratorParts & { readonly logger: Logger }
type FirstAdmin = { readonly email: string; readonly password: string }

/**
 * Makes the administrator that the environment names, unless the address has an account. Such an account is never made
 * an administrator: whoever signed up with the address need not be the one whom the operator means.
 *
 * @throws ConfigurationError naming ADMIN_EMAIL or ADMIN_PASSWORD when an account cannot have them.
 */
export async function ensureFirstAdmin(parts: Parts, wanted: FirstAdmin): Promise<void> {
  try {
    if (await isThere(parts, wanted.email)) return
    const { username } = await createAdministrator(parts, wanted)
    parts.logger.info({ username }, 'made the administrator that ADMIN_EMAIL names')
  } catch (error) {
    if (!(error instanceof UserFault)) throw error
    // Another replica, or somebody who signed up, was faster by a moment.
    if (error.code === 'EMAIL_TAKEN' && (await isThere(parts, wanted.email))) return
    const variable = error.code === 'WEAK_PASSWORD' ? 'ADMIN_PASSWORD' : 'ADMIN_EMAIL'
    throw new ConfigurationError([`${variable}: ${error.message}`], { cause: error })
  }
}

/** Whether the address has an account; when it is no administrator's, the log says so. */
async function isThere({ em, logger }: Parts, email: string): Promise<boolean> {
  const user = await em.fork().findOne(User, { emailKey: readEmail(email).key })
  if (user && !user.roles.includes('ADMIN')) {
    logger.warn('the account with the address ADMIN_EMAIL is no administrator; npm run create-admin can make it one')
  }
  return user !== null
}
