import { GraphQLScalarType } from 'graphql'
import { BadUserInputError } from './errors.ts'
import { isUuid } from './ids.ts'

/** ISO 8601 with an offset, as RFC 3339 §5.6 narrows it down. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

/** `DateTime`: a moment, a `Date` in resolvers, `2026-01-31T09:30:00.000Z` on the wire. */
export const dateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => {
    if (value instanceof Date) return value.toISOString()
    throw new TypeError('A DateTime field was resolved to something other than a Date.')
  },
  parseValue: (value) => {
    const moment = new Date(typeof value === 'string' && DATE_TIME.test(value) ? value : Number.NaN)
    if (!Number.isNaN(moment.getTime())) return moment
    throw new BadUserInputError('A DateTime is ISO 8601 with an offset, like 2026-01-31T09:30:00.000Z.')
  },
})

/** `UUID`: in lower case in resolvers, in either case from clients. */
export const uuidScalar = new GraphQLScalarType<string, string>({
  name: 'UUID',
  serialize: String,
  parseValue: (value) => {
    const uuid = typeof value === 'string' && value.toLowerCase()
    if (isUuid(uuid)) return uuid
    throw new BadUserInputError('A UUID looks like 0190f3c2-7a5b-7c3d-8e4f-5a6b7c8d9e0f.')
  },
})

/** `Cursor`: an opaque text; the list that gave it out knows whether it is right. */
export const cursorScalar = new GraphQLScalarType<string, string>({
  name: 'Cursor',
  serialize: String,
  parseValue: (value) => {
    if (typeof value === 'string') return value
    throw new BadUserInputError('A Cursor is a string that a list gave out.')
  },
})

const LONGEST_URL = 2_048

/** `URL`: an absolute http(s) URL of at most 2,048 characters, without credentials; a text in resolvers. */
export const urlScalar = new GraphQLScalarType<string, string>({
  name: 'URL',
  serialize: String,
  parseValue: (value) => {
    if (typeof value === 'string' && value.length <= LONGEST_URL && isWebAddress(value)) return value
    throw new BadUserInputError(
      `A URL is absolute, begins with https: or http:, and has at most ${LONGEST_URL} characters.`,
    )
  },
})

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text) || /[\s\p{C}]/u.test(text)) return false
  const { protocol, username, password } = new URL(text)
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === ''
}
