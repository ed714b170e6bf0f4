import type { EntityManager } from '@mikro-orm/postgresql'
import { UserFault } from '../../../platform/user-fault.ts'
import { Password } from './password.entity.ts'

/** That somebody has just shown a user's password, and which one it was. */
export interface ProvenPassword {
  /** A UUID. */
  readonly userId: string
  /** The hash that was verified. */
  readonly hash: string
}

/** The words of every refusal at the door: unknown, wrong and suspended are not told apart. */
export function invalidCredentials(): UserFault {
  return new UserFault('INVALID_CREDENTIALS', 'The login and the password do not belong together.', ['input'])
}

/**
 * Between a look at a password and what it permits lie seconds, in which its owner may have replaced it because a thief
 * has it. So what it permits asks again, in its own transaction and after it has locked the user.
 *
 * @throws UserFault INVALID_CREDENTIALS when it is not the user's password any more.
 */
export async function requireStillProven(
  em: EntityManager,
  { userId, hash }: ProvenPassword,
  path: readonly string[],
): Promise<void> {
  if ((await em.count(Password, { user: userId, hash })) === 1) return
  throw new UserFault('INVALID_CREDENTIALS', 'The password was changed meanwhile; use the new one.', path)
}
