import { UniqueConstraintViolationException } from '@mikro-orm/core'
import { UserFault } from '../../../platform/user-fault.ts'

const TAKEN: Readonly<Record<string, { code: string; message: string; field: string }>> = {
  user_email_key: { code: 'EMAIL_TAKEN', message: 'Another account has this email address.', field: 'email' },
  user_username_key: { code: 'USERNAME_TAKEN', message: 'Another account has this username.', field: 'username' },
}

/**
 * Passes an error of a write on, as a fault of the form where it says that a name is taken: the database alone decides
 * that, so that two who want a name at once get one answer each.
 */
export function throwAsTaken(error: unknown): never {
  const constraint = error instanceof UniqueConstraintViolationException && 'constraint' in error && error.constraint
  const taken = typeof constraint === 'string' ? TAKEN[constraint] : undefined
  throw taken ? new UserFault(taken.code, taken.message, ['input', taken.field]) : error
}
