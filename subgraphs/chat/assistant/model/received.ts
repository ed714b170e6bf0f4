/** So much of what a provider has sent is written into the log, in UTF-16 code units. */
const LONGEST_QUOTE = 500
/** A code unit takes three bytes of UTF-8 at most. */
const BEGINNING_BYTES = 3 * LONGEST_QUOTE
/** How much of the end is kept, at least, to look for an event that cannot be read. */
const END_BYTES = 16 * 1024

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** At most 500 UTF-16 code units of a provider's words, on one line and with what cannot be seen escaped: for the log. */
export function visible(words: string): string {
  return words.slice(0, LONGEST_QUOTE).toWellFormed().replace(UNSEEN, escapeOf)
}

/** The bytes of a stream, as far as they can tell why it failed. */
export class Received {
  #beginning: Uint8Array = new Uint8Array()
  /** The last chunks. */
  readonly #end: Uint8Array[] = []
  #endLength = 0

  /** Takes what has come next. */
  take(chunk: Uint8Array): void {
    if (this.#beginning.length < BEGINNING_BYTES) {
      this.#beginning = Buffer.concat([this.#beginning, chunk]).subarray(0, BEGINNING_BYTES)
    }
    this.#end.push(chunk)
    this.#endLength += chunk.length
    while (this.#endLength - (this.#end[0]?.length ?? 0) >= END_BYTES) this.#endLength -= this.#end.shift()?.length ?? 0
  }

  /** How it began; empty when nothing came. */
  get beginning(): string {
    return visible(Buffer.from(this.#beginning).toString())
  }

  /** The data of an event near its end that is no JSON, without anything of those before it; undefined without one. */
  get unreadable(): string | undefined {
    const lines = Buffer.concat(this.#end)
      .toString()
      .split(/\r\n|\n|\r/)
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length).trim())
    const found = data.find((text) => text !== '[DONE]' && !isJson(text))
    return found === undefined ? undefined : visible(found)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
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
