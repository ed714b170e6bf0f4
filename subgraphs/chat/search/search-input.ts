import { BadUserInputError } from '../../../platform/errors.ts'

const LONGEST_QUERY = 200
const MOST_WORDS = 10
/** White space is not among them: it only separates words. */
const CONTROLS = /(?!\s)\p{Cc}/u
const WHITE_SPACE = /\s+/u
/** What `chat.fold` leaves nothing of. */
const ACCENTS = /[\u0300-\u036F\uFE00-\uFE0F]/gu

/**
 * The words to look for, each once, as they were written.
 *
 * @throws BadUserInputError for 0 or more than 200 characters, more than 10 words, or what no text can hold.
 */
export function readWords(query: string): string[] {
  const words = [...new Set(readQuery(query).split(WHITE_SPACE))].filter(isMoreThanAccents)
  if (words.length > MOST_WORDS) {
    throw new BadUserInputError(`The query has ${words.length} words; at most ${MOST_WORDS}.`)
  }
  return words
}

/**
 * The query without the white space around it.
 *
 * @throws BadUserInputError as readWords, but for the number of words.
 */
export function readQuery(query: string): string {
  const trimmed = query.trim()
  if (query.length > LONGEST_QUERY) {
    throw new BadUserInputError(`The query has ${query.length} characters; at most ${LONGEST_QUERY}.`)
  }
  if (!isMoreThanAccents(trimmed)) throw new BadUserInputError('The query is empty; say what to look for.')
  if (!query.isWellFormed() || CONTROLS.test(query)) {
    throw new BadUserInputError('The query holds a control character or half a surrogate pair; take it out.')
  }
  return trimmed
}

function isMoreThanAccents(text: string): boolean {
  return text.normalize('NFKD').replace(ACCENTS, '').trim() !== ''
}
