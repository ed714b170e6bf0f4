/** What happens in the middle of a text. */
export type Fault = 'reader' | 'server'

/** What both sides are told. */
export interface Told {
  /** The model's base URL. */
  readonly modelUrl: string
  readonly prompt: string
  /** Of the whole text. */
  readonly length: number
}

/** One of those who are compared. */
export interface Side {
  readonly title: string
  /** Has a text made, lets the fault happen in its middle, and returns what its reader had in the end. */
  readThrough(fault: Fault): Promise<string>
}

/** How long a reader goes on coming back without getting anything new. */
export const PATIENCE_MS = 25_000

/** How long a reader waits before it comes back. */
export const COME_BACK_MS = 250

/** The fault comes when the reader has this share of the text. */
const MIDDLE = 1 / 3

/** Lets something happen once, when a text has grown into its middle. */
export class MiddleOfText {
  readonly #from: number
  readonly #happen: () => void
  #hasHappened = false

  constructor(length: number, happen: () => void) {
    this.#from = length * MIDDLE
    this.#happen = happen
  }

  grown(length: number): void {
    if (this.#hasHappened || length < this.#from) return
    this.#hasHappened = true
    this.#happen()
  }
}
