import { UserFault } from '../../../platform/user-fault.ts'

const LONGEST = 256
/** UTF-16 units; no 256 characters are longer before they are normalised, short of text made to be. */
const LONGEST_UNNORMALISED = 4_096

/** The form of a password that is hashed: the same letters typed on two keyboards are the same (NFKC). */
export function normalisePassword(password: string): string | undefined {
  if (password.length > LONGEST_UNNORMALISED || !password.isWellFormed() || password.includes('\0')) return undefined
  const normalised = password.normalize('NFKC')
  return lengthOf(normalised) <= LONGEST ? normalised : undefined
}

/**
 * Checks a new password: length alone, counted in code points after NFKC (NIST SP 800-63B-4 §3.1.1.2).
 *
 * @returns the normalised password, which is what to hash.
 * @throws UserFault WEAK_PASSWORD
 */
export function readNewPassword(password: string, rules: { minLength: number }): string {
  const normalised = normalisePassword(password)
  if (normalised !== undefined && lengthOf(normalised) >= rules.minLength) return normalised
  throw new UserFault('WEAK_PASSWORD', `Choose a password of ${rules.minLength} to ${LONGEST} characters.`, [
    'input',
    'password',
  ])
}

function lengthOf(text: string): number {
  return [...text].length
}
