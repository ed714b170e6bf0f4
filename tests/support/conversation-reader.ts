import { type ConversationEvent, conversationEvents } from './chat-streams.ts'
import type { Person } from './people.ts'

/**
 * What an app shows of one conversation with one reply in it, kept by the rules that the schema states, across as many
 * connections as it takes: each begins after the last cursor that was applied.
 */
export class ConversationReader {
  readonly #conversationId: string
  #cursor: string | undefined
  readonly #numbers: number[] = []
  readonly #finished: string[] = []
  #attempt = 0
  #text = ''

  constructor(conversationId: string) {
    this.#conversationId = conversationId
  }

  /** The place in the event log up to which everything was applied; undefined before the first event. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  /** The numbers of the messages, in the order they were told of, repetitions included. */
  get numbers(): readonly number[] {
    return this.#numbers
  }

  /** The reply as far as it was told of. */
  get text(): string {
    return this.#text
  }

  get attempt(): number {
    return this.#attempt
  }

  /** The bodies of the replies that were told to have ended. */
  get finished(): readonly string[] {
    return this.#finished
  }

  /** Reads on, over a connection of its own, until `isEnough` or until the connection fails. */
  async read(person: Person, isEnough: (reader: this) => boolean): Promise<void> {
    const after = this.#cursor
    const stream = conversationEvents(person, this.#conversationId, after === undefined ? {} : { after })
    try {
      while (!isEnough(this)) this.#apply(await stream.next())
    } finally {
      stream.unsubscribe()
    }
  }

  #apply(event: ConversationEvent): void {
    if (event.__typename === 'Reset') throw new Error(`The stream could not go on where it was: ${event.reason}`)
    if (event.__typename === 'MessageAdded') this.#numbers.push(event.message?.number ?? Number.NaN)
    if (event.__typename === 'ReplyFinished') this.#finished.push(event.message?.body ?? '')
    if (event.__typename === 'ReplyTextAppended') this.#append(event)
    if (event.cursor !== null) this.#cursor = event.cursor
  }

  #append({ attempt = 0, offset = 0, text = '' }: ConversationEvent): void {
    if (attempt < this.#attempt) return
    if (offset > this.#text.length) throw new Error(`${this.#text.length} units are here, and the next is ${offset}.`)
    this.#attempt = attempt
    this.#text = this.#text.slice(0, offset) + text
  }
}
