import { APIError } from 'openai'
import type { AnswerReader } from './answer-reader.ts'
import { GenerationError, toGenerationError, wordless } from './generation-error.ts'
import { IdleTimer } from './idle-timer.ts'
import { LeadingThoughts } from './leading-thoughts.ts'
import type { ModelAnswer } from './model-request.ts'
import { Received, toldBy } from './received.ts'

/** When all is said, what it has cost may still come for so long. */
const AFTERWORD_MS = 1_000

/** Who wants the answer. */
export interface Listener {
  readonly signal: AbortSignal
  readonly onText: (text: string) => Promise<void>
  /** Whether an answer that is all said without a word, or a call, has failed. */
  readonly needsText: boolean
  /** Whether the answer is the rest of a text: then it does not begin where a model thinks. */
  readonly continues: boolean
}

/** One try at an answer: hands on its text piece by piece, and says what is wrong with it. */
export class Hearing implements Disposable {
  readonly idle: IdleTimer
  readonly received = new Received()
  readonly #reader: AnswerReader
  readonly #listener: Listener
  readonly #thoughts = new LeadingThoughts()
  #hasBegun = false
  #hasEvents = false
  #hasText = false
  #isTaken = true
  #isAfterword = false

  constructor(reader: AnswerReader, listener: Listener, idleTimeoutMs: number) {
    this.#reader = reader
    this.#listener = listener
    this.idle = new IdleTimer(idleTimeoutMs)
  }

  /** Whether an answer has come, or at least begun. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Whether there was a stream, and no word in it: then nobody has read anything, and it can be asked for again. */
  get isUnheard(): boolean {
    return this.#hasBegun && !this.#hasText
  }

  /**
   * Hears the answer to its end.
   *
   * @throws GenerationError; the signal's reason when aborted; whatever `onText` throws.
   */
  async hear(open: () => Promise<AsyncIterable<unknown>>): Promise<Omit<ModelAnswer, 'endpoint'>> {
    const { signal } = this.#listener
    try {
      const events = await open()
      this.#hasBegun = true
      for await (const event of events) await this.#take(event)
    } catch (error) {
      if (!this.#isTaken) throw error
      signal.throwIfAborted()
      if (!this.#reader.isWhole) throw this.#failure(error)
    }
    // The SDK ends its loop without a word both when aborted and when the stream was cut.
    signal.throwIfAborted()
    if (!this.#reader.isWhole) throw this.#failure(undefined)
    return this.#answer()
  }

  [Symbol.dispose](): void {
    this.idle[Symbol.dispose]()
  }

  async #take(event: unknown): Promise<void> {
    this.#hasEvents = true
    const text = this.#spoken(this.#reader.take(event))
    if (text !== '') {
      this.idle.rest()
      this.#hasText = true
      this.#isTaken = false
      await this.#listener.onText(text)
      this.#isTaken = true
    }
    if (!this.#reader.isWhole) this.idle.restart()
    else if (!this.#isAfterword) this.idle.restart(AFTERWORD_MS)
    this.#isAfterword = this.#reader.isWhole
  }

  /** What is text of a piece, and of those before it: all but what the model thinks before it speaks. */
  #spoken(piece: string): string {
    if (this.#listener.continues) return piece
    const text = this.#thoughts.take(piece)
    return this.#reader.isWhole ? text + this.#thoughts.end() : text
  }

  #answer(): Omit<ModelAnswer, 'endpoint'> {
    try {
      const answer = this.#reader.answer()
      if (this.#listener.needsText && !this.#hasText && answer.finishReason === 'stop') throw wordless('stop')
      return answer
    } catch (error) {
      throw this.#billed(toGenerationError(error, this.#hasText))
    }
  }

  #failure(error: unknown): GenerationError {
    const { aborted, reason } = this.idle.signal
    const cause = this.#hasBegun ? this.#explained(error) : error
    return this.#billed(toGenerationError(aborted ? reason : cause, this.#hasText))
  }

  #billed(failure: GenerationError): GenerationError {
    failure.usage = this.#reader.usage
    return failure
  }

  /**
   * A failure of the stream with the provider's own words, which the SDK keeps to itself; but nothing of what the model
   * says or thinks, as far as that is in JSON or in events.
   */
  #explained(error: unknown): unknown {
    if (error instanceof GenerationError) return error
    if (error instanceof APIError) {
      const told = error.error === undefined ? error.message : toldBy({ error: error.error })
      return new Error(`The stream says that it failed: ${told}`)
    }
    const { unreadable, beginning } = this.received
    // Without the parser's own error, which may quote what it could not read.
    if (error instanceof SyntaxError)
      return new Error(`An event of the stream is no JSON; it has ${unreadable ?? 'very many characters'}`)
    if (this.#hasEvents) return error ?? new Error('The stream ended without a reason.')
    const cause = error instanceof Error ? { cause: error } : {}
    return new Error(`The stream had no event, and began with: ${beginning}`, cause)
  }
}
