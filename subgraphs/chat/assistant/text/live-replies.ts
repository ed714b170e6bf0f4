import type { ReadAccess } from '../../event-log/access-end.ts'
import type { DurableEvent } from '../../event-log/durable-event.ts'
import type { EphemeralSource } from '../../event-log/ephemeral-source.ts'
import type { GrowingReplies, ReplyTextAppended } from './growing-replies.ts'
import { BEGINNING, type ReplyPosition } from './reply-text.ts'

/**
 * The text of a conversation's growing replies, beside its event log: whole for one that was already growing, then
 * piece by piece, and to its end before ReplyFinished.
 */
export class LiveReplies implements EphemeralSource<ReplyTextAppended> {
  readonly #replies: GrowingReplies
  readonly #conversationId: string
  readonly #access: ReadAccess
  readonly #positions = new Map<string, ReplyPosition>()

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
    for (const messageId of running) this.#positions.set(messageId, BEGINNING)
  }

  async before(event: DurableEvent): Promise<ReplyTextAppended[]> {
    if (event.__typename === 'ReplyStarted') this.#positions.set(event.messageId, BEGINNING)
    if (event.__typename !== 'ReplyFinished') return []
    // Its last rings may be lost, and its text taken back.
    const rest = this.#positions.has(event.messageId) ? await this.#read([event.messageId], { isToBeRead: true }) : []
    this.#positions.delete(event.messageId)
    return rest
  }

  drain(): Promise<ReplyTextAppended[]> {
    return this.#read([...this.#positions.keys()])
  }

  isLive(): boolean {
    return this.#positions.size > 0
  }

  async #read(messageIds: readonly string[], { isToBeRead = false } = {}): Promise<ReplyTextAppended[]> {
    const conversationId = this.#conversationId
    const read = messageIds.map(async (messageId) => {
      const position = this.#positions.get(messageId) ?? BEGINNING
      return { messageId, piece: await this.#replies.after({ conversationId, messageId, ...position, isToBeRead }) }
    })
    const grown = (await Promise.all(read)).flatMap(({ messageId, piece }) => (piece ? [{ messageId, piece }] : []))
    // Asked when the text is there: nothing that was written after a removal may leave.
    if (grown.length === 0 || !(await this.#access.mayRead())) return []
    return grown.map(({ messageId, piece }) => {
      this.#positions.set(messageId, { attempt: piece.attempt, offset: piece.offset + piece.text.length })
      return piece
    })
  }
}
