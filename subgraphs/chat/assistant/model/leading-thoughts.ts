const OPENING = '<think>'
const CLOSING = '</think>'
/** So much white space may stand before them, in UTF-16 code units; behind more of it they are text. */
const MOST_SPACE = 64

/**
 * Leaves out what a model thinks aloud at the very beginning of an answer: `<think>` to `</think>`, with the white space
 * around them. Servers with a parser for it put that where nobody reads it; the others leave it in the text. Of any other
 * text no more is held back than what may become that beginning.
 */
export class LeadingThoughts {
  #stage: 'before' | 'within' | 'behind' | 'over' = 'before'
  /** What may be the beginning of `<think>`, or of `</think>`. */
  #held = ''

  /** Takes the next piece of the answer, however it is cut, and returns the text that it adds. */
  take(piece: string): string {
    switch (this.#stage) {
      case 'before':
        return this.#begin(this.#held + piece)
      case 'within':
        return this.#think(this.#held + piece)
      case 'behind':
        return this.#speak(piece)
      case 'over':
        return piece
    }
  }

  /** The answer has ended: returns what was held back of its text. */
  end(): string {
    const text = this.#stage === 'before' ? this.#held : ''
    this.#stage = 'over'
    return text
  }

  #begin(text: string): string {
    const words = text.trimStart()
    const isNear = text.length - words.length <= MOST_SPACE
    if (isNear && words.startsWith(OPENING)) return this.#think(words.slice(OPENING.length))
    if (isNear && OPENING.startsWith(words)) {
      this.#held = text
      return ''
    }
    this.#stage = 'over'
    return text
  }

  #think(thoughts: string): string {
    this.#stage = 'within'
    const end = thoughts.indexOf(CLOSING)
    if (end >= 0) return this.#speak(thoughts.slice(end + CLOSING.length))
    this.#held = thoughts.slice(-(CLOSING.length - 1))
    return ''
  }

  #speak(piece: string): string {
    const text = piece.trimStart()
    this.#stage = text === '' ? 'behind' : 'over'
    return text
  }
}
