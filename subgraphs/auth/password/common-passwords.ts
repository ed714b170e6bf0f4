import { readFileSync } from 'node:fs'
import { isLittle } from './password-rules-patterns.ts'

const FILE = new URL('common-passwords.txt', import.meta.url)

/** One a line, each with a line break before and after it; read when the first new password is to be checked. */
let list: string | undefined

/**
 * Whether a password is on the list of common ones, or is one of them with little around it but digits and punctuation,
 * which is what guessing programs try next. The list has 64,000 passwords, from SecLists; its head says which.
 *
 * @param password normalised (NFKC); its case does not matter.
 */
export function isCommonPassword(password: string): boolean {
  const text = password.toLowerCase()
  const withoutPunctuation = text.match(/[\p{L}\p{N}].*[\p{L}\p{N}]/su)?.[0] ?? text
  const withoutDigits = text.match(/\p{L}.*\p{L}/su)?.[0] ?? text
  const words = new Set([text, withoutPunctuation, withoutDigits])
  return [...words].some((word) => isLittle(text.split(word)) && isListed(word))
}

/** Looks through all of them: about a millisecond, beside the thirty that hashing the password then takes. */
function isListed(word: string): boolean {
  list ??= readList()
  return list.includes(`\n${word}\n`)
}

function readList(): string {
  const text = readFileSync(FILE, 'utf8')
  return text.slice(text.lastIndexOf('\n\n') + 1)
}
