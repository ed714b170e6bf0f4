import { describeError } from './error-description.ts'

const CENSORED = '[redacted]'

/** Deeper than anything that is logged on purpose. */
const DEEPEST = 12

/** The ends of the names under which credentials go about, in lower case and without hyphens and underscores. */
const SECRET_NAME =
  /(authorization|cookie|passw(or)?d|passphrase|pwd|secret|tokens?|apikey|privatekey|signingkey|signature|totpcode|recoverycodes?|connectionparams)$/
/** Counts of a model's tokens end so, too. */
const COUNTABLE_NAME = /tokens$/

/**
 * What is logged, with everything censored that goes by the name of a credential, however deep it lies, and with errors
 * described. What cannot be JSON anyway, and what lies deeper than twelve levels, is left out.
 */
export function withoutSecrets(record: Record<string, unknown>): Record<string, unknown> {
  return censored(record, []) as Record<string, unknown>
}

function censored(value: unknown, above: readonly object[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return censored(describeError(value), above)
  if (ArrayBuffer.isView(value)) return '[bytes]'
  if (above.includes(value)) return '[circular]'
  if (above.length >= DEEPEST) return '[deep]'
  const path = [...above, value]
  if ('toJSON' in value && typeof value.toJSON === 'function') return censored(value.toJSON(), path)
  if (Array.isArray(value)) return value.map((item) => censored(item, path))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, censoredField(name, item, path)]))
}

function censoredField(name: string, value: unknown, path: readonly object[]): unknown {
  const key = name.replace(/[-_]/g, '').toLowerCase()
  if (value == null || !SECRET_NAME.test(key)) return censored(value, path)
  return typeof value === 'number' && COUNTABLE_NAME.test(key) ? value : CENSORED
}

const NAMES_IN_TEXT = 'password|passwd|pwd|secret|client_secret|token|access_token|refresh_token|api_?key'

/** What gives a credential away wherever it stands. Each matches in time linear in the line's length. */
const SECRET_TEXTS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Who somebody is and with which password, in a URL (RFC 3986, 3.2.1); up to the last @, as drivers read it.
  [/:\/\/[^\s/?#"]*@/g, `://${CENSORED}@`],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, `$1 ${CENSORED}`],
  [/(?<![\w-])eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?/g, CENSORED],
  [/(?<![\w-])sk-[\w-]{16,}/g, CENSORED],
  [/\$argon2(id|i|d)\$[\w$=,+/-]+/g, CENSORED],
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-"]*(-----END [A-Z ]*PRIVATE KEY-----)?/g, CENSORED],
  [new RegExp(`\\b(${NAMES_IN_TEXT})=[^&\\s"\\\\]+`, 'gi'), `$1=${CENSORED}`],
  // JSON that was quoted in a text: its quotes are escaped, once or more often.
  [new RegExp(`\\b(${NAMES_IN_TEXT})(\\\\+)":\\s*\\2".{1,1000}?(?<!\\\\)\\2"`, 'gi'), `$1$2":$2"${CENSORED}$2"`],
]

/**
 * A line of JSON without what has the form of a credential in its texts, wherever it stands; still JSON. These are: who
 * somebody is in a URL, `Bearer …` and `Basic …`, JSON Web Tokens, `sk-…`, hashes of Argon2, private keys in PEM,
 * `password=…` and its like, and JSON that is quoted. Another form, `password: …` say, is not known from prose.
 */
export function withoutSecretTexts(line: string): string {
  return SECRET_TEXTS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line)
}
