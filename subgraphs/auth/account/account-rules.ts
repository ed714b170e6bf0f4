import { UserFault } from '../../../platform/user-fault.ts'
import { hasSomethingToSee } from '../../../platform/visible-text.ts'

const LONGEST_EMAIL = 254
const LONGEST_DISPLAY_NAME = 80
const SHORTEST_USERNAME = 3

/** In characters. */
export const LONGEST_USERNAME = 32

// Labels as people write them, international ones included; the mail server has the last word on what exists.
const LOCAL_PART = /^[^\s\p{C}@"(),:;<>[\\\]]{1,64}$/u
const DOMAIN = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{N}\p{M}-]{2,63}$/u

/** ASCII alone: letters of other scripts that look like these would let one person pass for another. */
const USERNAME = new RegExp(`^[A-Za-z0-9._-]{${SHORTEST_USERNAME},${LONGEST_USERNAME}}$`)

/** In a message `@assistant` asks the model, so nobody may be called so. */
const RESERVED_USERNAMES = new Set(['assistant'])

/** Control characters, line breaks, lone surrogates, and the marks that turn the direction of the text around them. */
const UNFIT_FOR_DISPLAY = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u

/** What a person wrote, and the form of it that must be unique. */
export interface Identifier {
  readonly text: string
  readonly key: string
}

/**
 * An email address of at most 254 characters. Its key is normalised (NFKC) and in lower case.
 *
 * @throws UserFault BAD_USER_INPUT
 */
export function readEmail(email: string): Identifier {
  const key = email.length > LONGEST_EMAIL ? '' : emailKey(email)
  // Normalising can bring forth an @ or a space, so both forms must be addresses.
  if (isAddress(email) && isAddress(key)) return { text: email, key }
  throw new UserFault('BAD_USER_INPUT', 'Enter an email address like name@example.com, without spaces around it.', [
    'input',
    'email',
  ])
}

function isAddress(text: string): boolean {
  const at = text.indexOf('@')
  return text.length <= LONGEST_EMAIL && LOCAL_PART.test(text.slice(0, at)) && DOMAIN.test(text.slice(at + 1))
}

function emailKey(email: string): string {
  return email.normalize('NFKC').toLowerCase()
}

/**
 * A username: 3 to 32 ASCII letters, digits, dots, hyphens and underscores. Its key is in lower case.
 *
 * @throws UserFault BAD_USER_INPUT, or USERNAME_TAKEN for a reserved one
 */
export function readUsername(username: string): Identifier {
  const key = username.toLowerCase()
  if (RESERVED_USERNAMES.has(key))
    throw new UserFault('USERNAME_TAKEN', 'This name is reserved.', ['input', 'username'])
  if (USERNAME.test(username)) return { text: username, key }
  throw new UserFault(
    'BAD_USER_INPUT',
    `A username has ${SHORTEST_USERNAME} to ${LONGEST_USERNAME} characters: the letters a to z, digits, dots, hyphens and underscores.`,
    ['input', 'username'],
  )
}

/** Whether an account may have it, if no other one does. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text) && !RESERVED_USERNAMES.has(text.toLowerCase())
}

/**
 * A name to show: 1 to 80 characters (code points), among them something to see.
 *
 * @throws UserFault BAD_USER_INPUT
 */
export function readDisplayName(displayName: string): string {
  const isFit =
    hasSomethingToSee(displayName) &&
    displayName.length <= 2 * LONGEST_DISPLAY_NAME &&
    [...displayName].length <= LONGEST_DISPLAY_NAME &&
    !UNFIT_FOR_DISPLAY.test(displayName)
  if (isFit) return displayName
  throw new UserFault(
    'BAD_USER_INPUT',
    `A display name has 1 to ${LONGEST_DISPLAY_NAME} characters, in one line and without control characters.`,
    ['input', 'displayName'],
  )
}

/** What a login looks an account up by. */
export type LoginKey = { readonly emailKey: string } | { readonly usernameKey: string }

/** Which account a login names: by email address when it has an @, which no username has. Undefined: it can name none. */
export function readLogin(login: string): LoginKey | undefined {
  if (USERNAME.test(login)) return { usernameKey: login.toLowerCase() }
  if (login.length > LONGEST_EMAIL) return undefined
  const key = emailKey(login)
  return isAddress(key) ? { emailKey: key } : undefined
}
