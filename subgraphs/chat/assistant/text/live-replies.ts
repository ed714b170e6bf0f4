import type { ReadAccess } from '../../event-log/access-end.ts'
import type { DurableEvent } from '../../event-log/durable-event.ts'
import type { EphemeralSource } from '../../event-log/ephemeral-source.ts'
import type { EventPosition } from '../../event-log/event-cursor.ts'
import type { GrowingReplies, Reading, ReplyTextAppended } from './growing-replies.ts'
import { BEGINNING, type ReplyPosition } from './reply-text.ts'

/** How much of a reply the stream has given. */
interface Given extends ReplyPosition {
  /** Whether it is nothing yet because the reply began while the stream was live. */
  readonly hasSeenStart?: boolean
}

const FROM_ITS_START: Given = { ...BEGINNING, hasSeenStart: true }

/**
 * The text of a conversation's growing replies, beside its event log: whole for one that was already growing, then
 * piece by piece, and to its end before ReplyFinished.
 */
export class LiveReplies implements EphemeralSource<ReplyTextAppended> {
  readonly #replies: GrowingReplies
  readonly #conversationId: string
  readonly #access: ReadAccess
  readonly #positions = new Map<string, Given>()
  /** Whether the stream has come to the end of the log. */
  #isAtEnd = false

  /** @param options.access of who follows; what they may not read any more is left out. Ids are UUIDs. */
  constructor(options: { replies: GrowingReplies; conversationId: string; access: ReadAccess }) {
    this.#replies = options.replies
    this.#conversationId = options.conversationId
    this.#access = options.access
  }

  /** The conversation's own doorbell rings when a reply has grown. */
  open(): () => void {
    return () => undefined
  }

  /** Finds what grows already; ReplyFinished of each comes later in the log than where the stream begins. */
  async join(): Promise<void> {
    const running = await this.#replies.of(this.#conversationId)
    this.#positions.clear()
    this.#isAtEnd = false
    for (const messageId of running) this.#positions.set(messageId, BEGINNING)
  }

  async before(event: DurableEvent): Promise<ReplyTextAppended[]> {
    if (event.__typename === 'ReplyStarted') {
      this.#positions.set(event.messageId, this.#isAtEnd ? FROM_ITS_START : BEGINNING)
    }
    if (event.__typename !== 'ReplyFinished') return []
    // Its last rings may be lost, and its text taken back.
    const rest = this.#positions.has(event.messageId) ? await this.#read([event.messageId], null) : []
    this.#positions.delete(event.messageId)
    return rest
  }

  drain(log: EventPosition): Promise<ReplyTextAppended[]> {
    this.#isAtEnd = true
    return this.#read([...this.#positions.keys()], log)
  }

  isLive(): boolean {
    return this.#positions.size > 0
  }

  /** @param log how far the log has been read; null when the text is to be read, whatever was heard of it. */
  async #read(messageIds: readonly string[], log: EventPosition | null): Promise<ReplyTextAppended[]> {
    const conversationId = this.#conversationId
    const readings = await Promise.all(
      messageIds.map((messageId) => {
        const given = this.#positions.get(messageId) ?? BEGINNING
        return this.#replies.read({ conversationId, messageId, ...given, isToBeRead: log === null })
      }),
    )
    const grown = readings.filter(hasGrown)
    if (grown.length === 0 || !(await this.#mayTell(grown, log))) return []
    return grown.map(({ piece, appended }) => {
      this.#positions.set(piece.messageId, { attempt: piece.attempt, offset: piece.offset + piece.text.length })
      return appended
    })
  }

  /**
   * Nothing that was written after a removal may leave: so it is asked when the text is there, unless the log has been
   * read as far as it went when the text was written.
   */
  async #mayTell(grown: readonly Reading[], log: EventPosition | null): Promise<boolean> {
    const isCovered = ({ piece }: Reading) =>
      piece.log !== undefined && piece.log.epoch === log?.epoch && piece.log.seq <= log.seq
    return grown.every(isCovered) || this.#access.mayRead()
  }
}

function hasGrown(reading: Reading | null): reading is Reading & { readonly appended: ReplyTextAppended } {
  return reading !== null && reading.appended !== null
}
