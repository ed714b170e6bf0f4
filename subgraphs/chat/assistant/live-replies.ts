import type { EntityManager } from '@mikro-orm/postgresql'
import { encodeId } from '../../../platform/ids.ts'
import type { EphemeralSource } from '../event-log/conversation-stream.ts'
import type { LoggedEvent } from '../event-log/event-log.ts'
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
  readonly #positions = new Map<string, ReplyPosition>()

  constructor(options: { fork: () => EntityManager; conversationId: string }) {
    this.#fork = options.fork
    this.#conversationId = options.conversationId
  }

  /** Finds what grows already; ReplyFinished of each comes later in the log than where the stream begins. */
  async join(): Promise<void> {
    const running = await this.#fork().execute<{ messageId: string }[]>(
      `SELECT message_id AS "messageId" FROM chat.generation WHERE conversation_id = ? AND status = 'RUNNING'`,
      [this.#conversationId],
    )
    for (const { messageId } of running) this.#positions.set(messageId, NOTHING)
  }

  async before(event: LoggedEvent): Promise<ReplyTextAppended[]> {
    if (event.kind === 'ReplyStarted') this.#positions.set(event.messageId, NOTHING)
    if (event.kind !== 'ReplyFinished') return []
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
    const pieces = await readReplyText(this.#fork(), wanted)
    return pieces
      .filter(({ text }) => text !== '')
      .map(({ messageId, attempt, offset, text }) => {
        this.#positions.set(messageId, { attempt, offset: offset + text.length })
        const id = encodeId('msg', messageId)
        return { __typename: 'ReplyTextAppended', cursor: null, messageId: id, attempt, offset, text }
      })
  }
}

/** For viewers who do not want the text. */
export const noLiveReplies: EphemeralSource<ReplyTextAppended> = {
  join: async () => undefined,
  before: async () => [],
  drain: async () => [],
  isLive: () => false,
}
