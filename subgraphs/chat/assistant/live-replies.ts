import type { EntityManager } from '@mikro-orm/postgresql'
import { encodeId } from '../../../platform/ids.ts'
import type { DurableEvent } from '../event-log/durable-event.ts'
import type { EphemeralSource } from '../event-log/ephemeral-source.ts'
import { type ReplyPosition, readReplyText } from './reply-text.ts'

/** A piece of a growing reply, as `conversationEvents` carries it. */
export interface ReplyTextAppended {
  readonly __typename: 'ReplyTextAppended'
  readonly cursor: null
  readonly messageId: string
  readonly attempt: number
  readonly offset: number
  readonly text: string
}

const NOTHING: ReplyPosition = { attempt: 0, offset: 0 }

/**
 * The text of a conversation's growing replies, beside its event log: whole for one that was already growing, then
 * piece by piece, and to its end before ReplyFinished.
 */
export class LiveReplies implements EphemeralSource<ReplyTextAppended> {
  readonly #fork: () => EntityManager
  readonly #conversationId: string
  readonly #viewerId: string
  readonly #positions = new Map<string, ReplyPosition>()

  /** @param options.viewerId who follows; what they may not read any more is left out. Ids are UUIDs. */
  constructor(options: { fork: () => EntityManager; conversationId: string; viewerId: string }) {
    this.#fork = options.fork
    this.#conversationId = options.conversationId
    this.#viewerId = options.viewerId
  }

  /** The conversation's own doorbell rings when a reply has grown. */
  open(): () => void {
    return () => undefined
  }

  /** Finds what grows already; ReplyFinished of each comes later in the log than where the stream begins. */
  async join(): Promise<void> {
    const running = await this.#fork().execute<{ messageId: string }[]>(
      `SELECT message_id AS "messageId" FROM chat.generation WHERE conversation_id = ? AND status = 'RUNNING'`,
      [this.#conversationId],
    )
    this.#positions.clear()
    for (const { messageId } of running) this.#positions.set(messageId, NOTHING)
  }

  async before(event: DurableEvent): Promise<ReplyTextAppended[]> {
    if (event.__typename === 'ReplyStarted') this.#positions.set(event.messageId, NOTHING)
    if (event.__typename !== 'ReplyFinished') return []
    const position = this.#positions.get(event.messageId)
    const rest = position ? await this.#read(new Map([[event.messageId, position]])) : []
    this.#positions.delete(event.messageId)
    return rest
  }

  drain(): Promise<ReplyTextAppended[]> {
    return this.#read(this.#positions)
  }

  isLive(): boolean {
    return this.#positions.size > 0
  }

  async #read(positions: ReadonlyMap<string, ReplyPosition>): Promise<ReplyTextAppended[]> {
    const wanted = [...positions].map(([messageId, position]) => ({
      conversationId: this.#conversationId,
      messageId,
      ...position,
    }))
    const pieces = await readReplyText(this.#fork(), wanted, this.#viewerId)
    return pieces
      .filter(({ text }) => text !== '')
      .map(({ messageId, attempt, offset, text }) => {
        this.#positions.set(messageId, { attempt, offset: offset + text.length })
        const id = encodeId('msg', messageId)
        return { __typename: 'ReplyTextAppended', cursor: null, messageId: id, attempt, offset, text }
      })
  }
}
