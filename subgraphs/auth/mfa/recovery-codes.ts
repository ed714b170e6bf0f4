import { randomBytes } from 'node:crypto'

const COUNT = 10
const GROUP_LENGTH = 5

/** Crockford's base32: it has no I, L, O and U. Of its 32 characters each carries five bits. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** What people read in place of a character of the alphabet. */
const LOOK_ALIKES: Readonly<Record<string, string>> = { i: '1', l: '1', o: '0' }

/** Ten codes of 50 random bits each, in two groups of five characters: `k7m2q-9xw4d`. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: COUNT }, () => `${randomGroup()}-${randomGroup()}`)
}

function randomGroup(): string {
  return Array.from(randomBytes(GROUP_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

/** A normalised code as its digest is made of: what looks alike is the same. */
export function readRecoveryCode(code: string): string {
  return code.replace(/[ilo]/g, (character) => LOOK_ALIKES[character] ?? character)
}
