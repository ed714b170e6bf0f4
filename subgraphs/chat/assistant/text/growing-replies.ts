import type { EntityManager } from '@mikro-orm/postgresql'
import { encodeId } from '../../../../platform/ids.ts'
import { inOneTurn } from '../../../../platform/in-one-turn.ts'
import { GrownTexts } from './grown-text.ts'
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

/** Which text is wanted, and how. */
interface Question extends WantedText {
  /** Not even what was heard a moment ago will do: the reply may have ended. */
  readonly isToBeRead?: boolean
  /** Whoever asks knows when the reply began. */
  readonly hasSeenStart?: boolean
}

/** What a reply has beyond a position, and the same as an event, if there is any. */
export interface Reading {
  readonly piece: ReplyPiece
  readonly appended: ReplyTextAppended | null
}

/**
 * The growing replies of this process's conversations, for all who follow them. What their writers told of a moment ago is
 * not read at all, unless somebody wants it read. Whoever asks within one turn of the event loop shares a statement, and for
 * equal questions the very objects that answer it.
 */
export class GrowingReplies {
  readonly #running: (conversationId: string) => Promise<readonly string[]>
  readonly #readings: (question: Question) => Promise<Reading | null>
  readonly #grown = new GrownTexts()

  /** @param fork a new entity manager for each statement. */
  constructor(fork: () => EntityManager) {
    this.#running = inOneTurn(
      (ids) => readRunning(fork(), ids),
      (id) => id,
    )
    this.#readings = inOneTurn(
      (wanted) => this.#look(fork, wanted),
      ({ messageId, attempt, offset, isToBeRead = false, hasSeenStart = false }) =>
        `${messageId}/${attempt}/${offset}/${isToBeRead}/${hasSeenStart}`,
    )
  }

  /** Takes what a conversation's doorbell brought. */
  hear(payload: unknown): void {
    this.#grown.hear(payload)
  }

  /** The messages of a conversation that are growing now. Ids are UUIDs. */
  of(conversationId: string): Promise<readonly string[]> {
    return this.#running(conversationId)
  }

  /** What a reply has beyond a position; null when there is no such reply. Whether somebody may read it is not asked here. */
  read(wanted: Question): Promise<Reading | null> {
    return this.#readings(wanted)
  }

  async #look(fork: () => EntityManager, wanted: readonly Question[]): Promise<(Reading | null)[]> {
    const heard = wanted.map((each) => (each.isToBeRead ? undefined : this.#grown.beyond(each, each.hasSeenStart)))
    const learn = this.#grown.reading()
    const read = await readReplyText(
      fork(),
      wanted.filter((_, index) => !heard[index]),
    )
    const places = [...heard.keys()].filter((index) => !heard[index])
    for (const piece of read) {
      learn(piece)
      heard[places[piece.position] ?? -1] = piece
    }
    return heard.map((piece) => (piece ? { piece: Object.freeze(piece), appended: toEvent(piece) } : null))
  }
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

function toEvent(piece: ReplyPiece): ReplyTextAppended | null {
  if (piece.text === '') return null
  const { attempt, offset, text } = piece
  const messageId = encodeId('msg', piece.messageId)
  return Object.freeze({ __typename: 'ReplyTextAppended', cursor: null, messageId, attempt, offset, text })
}
