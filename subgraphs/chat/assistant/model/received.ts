import { fieldsOf } from './answer-reader.ts'

/** So much of what a provider has sent is written into the log, in UTF-16 code units. */
const LONGEST_QUOTE = 500
/** How much of the beginning is kept, at least: what refuses in JSON is told only when all of it is there. */
const BEGINNING_BYTES = 16 * 1024
/** How much of the end is kept, at least, to look for an event that cannot be read. */
const END_BYTES = 16 * 1024

/** Where a beginning may come to what the model says. */
const START_OF_JSON = /[{]|^data:|^["[]/m
/** The parser's messages that quote nothing of what it read. */
const QUOTES_NOTHING = / JSON at position \d+ \(line \d+ column \d+\)$|^Unexpected end of JSON input$/
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** At most 500 UTF-16 code units of a provider's words, on one line and with what cannot be seen escaped: for the log. */
export function visible(words: string): string {
  return words.slice(0, LONGEST_QUOTE).toWellFormed().replace(UNSEEN, escapeOf)
}

/**
 * What an answer in JSON says of its failure: the texts of `error`, `detail` and `message`, or of what in these says the same;
 * else only the names of its fields, because everything else may be what the model says.
 */
export function toldBy(json: unknown): string {
  const fields = fieldsOf(Array.isArray(json) ? json[0] : json)
  const words = [fields.error, fields.detail, fields.message].flat().map(wordsOf).filter(Boolean).join('; ')
  const names = Object.keys(fields).join(', ')
  return visible(words || (names && `JSON with the fields ${names}`) || 'JSON without fields')
}

function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value
  const { message, msg, code, type } = fieldsOf(value)
  return [message, msg, code, type].filter((word) => typeof word === 'string' || typeof word === 'number').join(', ')
}

/** The bytes of a stream, as far as they can tell why it failed. */
export class Received {
  /** The first chunks. */
  readonly #beginning: Uint8Array[] = []
  #beginningLength = 0
  /** The last chunks. */
  readonly #end: Uint8Array[] = []
  #endLength = 0

  /** Takes what has come next. */
  take(chunk: Uint8Array): void {
    if (this.#beginningLength < BEGINNING_BYTES) {
      this.#beginning.push(chunk)
      this.#beginningLength += chunk.length
    }
    this.#end.push(chunk)
    this.#endLength += chunk.length
    while (this.#endLength - (this.#end[0]?.length ?? 0) >= END_BYTES) this.#endLength -= this.#end.shift()?.length ?? 0
  }

  /** How it began, without anything that the model may have said in JSON or in events. */
  get beginning(): string {
    const text = Buffer.concat(this.#beginning).toString().trim()
    if (text === '') return 'nothing'
    const json = read(text).json ?? read(text.slice(0, text.indexOf('\n'))).json
    if (json !== undefined) return toldBy(json)
    const start = text.search(START_OF_JSON)
    if (start < 0) return visible(text)
    return [visible(text.slice(0, start)), 'JSON that is left out'].filter(Boolean).join(' and ')
  }

  /** What is wrong with an event near its end that is no JSON, without a word of it; undefined without one. */
  get unreadable(): string | undefined {
    const lines = Buffer.concat(this.#end)
      .toString()
      .split(/\r\n|\n|\r/)
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length).trim())
    const found = data.find((text) => text !== '[DONE]' && read(text).fault !== undefined)
    return found === undefined ? undefined : `${count(found)}: ${read(found).fault}`
  }
}

const count = ({ length }: string) => (length === 1 ? '1 character' : `${length} characters`)

function read(text: string): { readonly json?: unknown; readonly fault?: string } {
  try {
    return { json: JSON.parse(text) }
  } catch (error) {
    const { message } = error as SyntaxError
    return { fault: QUOTES_NOTHING.test(message) ? message : 'Unexpected token' }
  }
}

/** Such as `\n`, and `\u001b` where there is no shorter one. */
function escapeOf(character: string): string {
  const short = JSON.stringify(character).slice(1, -1)
  if (short !== character) return short
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}
