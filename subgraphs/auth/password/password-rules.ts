import { UserFault } from '../../../platform/user-fault.ts'
import { isCommonPassword } from './common-passwords.ts'
import { isPersonal, isRepetition, isRuns } from './password-rules-patterns.ts'

/** In code points, after it was normalised (NFKC). */
export const LONGEST_PASSWORD = 256
/** UTF-16 units; no 256 characters are longer before they are normalised, short of text made to be. */
const LONGEST_UNNORMALISED = 4_096
const ADVICE = 'Choose another, such as four words that have nothing to do with each other.'

/** The form of a password that is hashed: the same letters typed on two keyboards are the same (NFKC). */
export function normalisePassword(password: string): string | undefined {
  if (password.length > LONGEST_UNNORMALISED || !isText(password)) return undefined
  const normalised = password.normalize('NFKC')
  return lengthOf(normalised) <= LONGEST_PASSWORD ? normalised : undefined
}

/**
 * Checks a new password: its length, counted in code points after NFKC, and that it is not one of those which are
 * guessed first (NIST SP 800-63B-4 §3.1.1.2). What characters it has does not matter.
 *
 * @param rules.minLength in code points.
 * @param rules.path the input field that the password comes from.
 * @param rules.personal the account's own email address, username and display name.
 * @returns the normalised password, which is what to hash.
 * @throws UserFault WEAK_PASSWORD, saying which rule it breaks.
 */
export function readNewPassword(
  password: string,
  rules: { minLength: number; path?: readonly string[]; personal?: readonly string[] },
): string {
  const { minLength, path = ['input', 'password'], personal = [] } = rules
  const refuse = (why: string) => new UserFault('WEAK_PASSWORD', why, path)
  if (!isText(password)) throw refuse('Choose a password without characters that no keyboard has, such as NUL.')
  const normalised = normalisePassword(password)
  if (normalised === undefined || lengthOf(normalised) < minLength) {
    throw refuse(`Choose a password of ${minLength} to ${LONGEST_PASSWORD} characters.`)
  }
  const weakness = weaknessOf(normalised, minLength, personal)
  if (weakness !== undefined) throw refuse(`${weakness} ${ADVICE}`)
  return normalised
}

function weaknessOf(password: string, minLength: number, personal: readonly string[]): string | undefined {
  const folded = password.toLowerCase()
  if (isRepetition(folded, minLength)) return 'This password repeats one short piece.'
  if (isRuns(folded)) return 'This password is little but characters in a row, such as 12345 or qwerty.'
  if (isPersonal(folded, personal)) return 'This password is little but a name or an email address of yours, or ours.'
  if (isCommonPassword(folded)) return 'This password is one of the commonest, or nearly so.'
  return undefined
}

/** Text that can be stored and typed: without NUL, and without halves of surrogate pairs. */
function isText(password: string): boolean {
  return password.isWellFormed() && !password.includes('\0')
}

function lengthOf(text: string): number {
  return [...text].length
}
