import type { ReadAccess } from '../event-log/access-end.ts'
import type { EphemeralSource } from '../event-log/ephemeral-source.ts'
import type { Signal, Signals } from './signals.ts'

/** Somebody has read further. Ids are UUIDs. */
export interface ReadMarkerMoved {
  readonly __typename: 'ReadMarkerMoved'
  readonly cursor: null
  readonly userId: string
  readonly upTo: number
}

/** Somebody began or ceased to type. Ids are UUIDs. */
export interface TypingChanged {
  readonly __typename: 'TypingChanged'
  readonly cursor: null
  readonly userId: string
  readonly isTyping: boolean
}

interface News {
  upTo?: number
  isTyping?: boolean
}

/** A stream that is not read keeps what is new about at most so many people; further ones are dropped. */
const MOST_PEOPLE = 1_000

/**
 * Read markers and typing beside a conversation's event log. Latest wins: of each person it keeps one marker and
 * whether they type, however much has come since the stream was read.
 */
export class SignalSource implements EphemeralSource<ReadMarkerMoved | TypingChanged> {
  readonly #signals: Signals
  readonly #conversationId: string
  readonly #access: ReadAccess
  readonly #news = new Map<string, News>()

  constructor(options: { signals: Signals; conversationId: string; access: ReadAccess }) {
    this.#signals = options.signals
    this.#conversationId = options.conversationId
    this.#access = options.access
  }

  open(ring: () => void): () => void {
    return this.#signals.listen(this.#conversationId, (signal) => {
      if (this.#note(signal)) ring()
    })
  }

  /** Finds who types already. */
  async join(): Promise<void> {
    for (const userId of this.#signals.typistsOf(this.#conversationId)) {
      this.#note({ kind: 'typing', userId, isTyping: true })
    }
  }

  async before(): Promise<[]> {
    return []
  }

  async drain(): Promise<(ReadMarkerMoved | TypingChanged)[]> {
    // Without the right the log is about to end the stream.
    if (this.#news.size === 0 || !(await this.#access.mayRead())) return []
    const items = [...this.#news].flatMap(([userId, news]) => toEvents(userId, news))
    this.#news.clear()
    return items
  }

  isLive(): boolean {
    return false
  }

  #note(signal: Signal): boolean {
    const { userId } = signal
    const news = this.#news.get(userId) ?? {}
    if (signal.kind === 'typing') news.isTyping = signal.isTyping
    // A bus may bring signals in another order; a marker never moves back.
    else news.upTo = Math.max(signal.upTo, news.upTo ?? 0)
    if (this.#news.size < MOST_PEOPLE || this.#news.has(userId)) this.#news.set(userId, news)
    return this.#news.has(userId)
  }
}

function toEvents(userId: string, { upTo, isTyping }: News): (ReadMarkerMoved | TypingChanged)[] {
  return [
    ...(upTo === undefined ? [] : [{ __typename: 'ReadMarkerMoved' as const, cursor: null, userId, upTo }]),
    ...(isTyping === undefined ? [] : [{ __typename: 'TypingChanged' as const, cursor: null, userId, isTyping }]),
  ]
}
