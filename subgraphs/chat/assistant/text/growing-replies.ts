import type { EntityManager } from '@mikro-orm/postgresql'
import { encodeId } from '../../../../platform/ids.ts'
import { inOneTurn } from '../../../../platform/in-one-turn.ts'
import { type ReplyPiece, readReplyText, type WantedText } from './reply-text.ts'

/** A piece of a growing reply, as `conversationEvents` carries it. */
export interface ReplyTextAppended {
  readonly __typename: 'ReplyTextAppended'
  readonly cursor: null
  readonly messageId: string
  readonly attempt: number
  readonly offset: number
  readonly text: string
}

/**
 * The growing replies of this process's conversations, for all who follow them. Whoever asks within one turn of the
 * event loop shares a statement, and for equal questions the very objects that answer it.
 */
export class GrowingReplies {
  readonly #running: (conversationId: string) => Promise<readonly string[]>
  readonly #readings: (wanted: WantedText) => Promise<Reading | null>

  /** @param fork a new entity manager for each statement. */
  constructor(fork: () => EntityManager) {
    this.#running = inOneTurn(
      (ids) => readRunning(fork(), ids),
      (id) => id,
    )
    this.#readings = inOneTurn(
      (wanted) => read(fork(), wanted),
      ({ messageId, attempt, offset }) => `${messageId}/${attempt}/${offset}`,
    )
  }

  /** The messages of a conversation that are growing now. Ids are UUIDs. */
  of(conversationId: string): Promise<readonly string[]> {
    return this.#running(conversationId)
  }

  /** What a reply has beyond a position; null when there is no such reply. Whether somebody may read it is not asked here. */
  async read(wanted: WantedText): Promise<ReplyPiece | null> {
    return (await this.#readings(wanted))?.piece ?? null
  }

  /** The same as an event; null when there is nothing. */
  async after(wanted: WantedText): Promise<ReplyTextAppended | null> {
    return (await this.#readings(wanted))?.appended ?? null
  }
}

/** What one look at a reply found. */
interface Reading {
  readonly piece: ReplyPiece
  readonly appended: ReplyTextAppended | null
}

async function readRunning(em: EntityManager, conversationIds: readonly string[]): Promise<string[][]> {
  const rows = await em.execute<{ conversationId: string; messageId: string }[]>(
    `SELECT conversation_id AS "conversationId", message_id AS "messageId" FROM chat.generation
     WHERE conversation_id IN (?) AND status = 'RUNNING'`,
    [conversationIds],
  )
  const running = Map.groupBy(rows, ({ conversationId }) => conversationId)
  return conversationIds.map((id) => (running.get(id) ?? []).map(({ messageId }) => messageId))
}

async function read(em: EntityManager, wanted: readonly WantedText[]): Promise<(Reading | null)[]> {
  const readings = new Map<number, Reading>()
  for (const piece of await readReplyText(em, wanted)) {
    readings.set(piece.position, { piece: Object.freeze(piece), appended: toEvent(piece) })
  }
  return wanted.map((_, position) => readings.get(position) ?? null)
}

function toEvent(piece: ReplyPiece): ReplyTextAppended | null {
  if (piece.text === '') return null
  const { attempt, offset, text } = piece
  const messageId = encodeId('msg', piece.messageId)
  return Object.freeze({ __typename: 'ReplyTextAppended', cursor: null, messageId, attempt, offset, text })
}
