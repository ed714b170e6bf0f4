import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { encodeId } from '../../../../platform/ids.ts'
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

const MOST_AT_ONCE = 1_000

/**
 * The growing replies of this process's conversations, for all who follow them. Whoever asks within one turn of the
 * event loop shares a statement, and for equal questions the very objects that answer it.
 */
export class GrowingReplies {
  readonly #running: DataLoader<string, readonly string[]>
  readonly #readings: DataLoader<WantedText, Reading | null, string>

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
    return this.#running.load(conversationId)
  }

  /** What a reply has beyond a position; null when there is no such reply. Whether somebody may read it is not asked here. */
  async read(wanted: WantedText): Promise<ReplyPiece | null> {
    return (await this.#readings.load(wanted))?.piece ?? null
  }

  /** The same as an event; null when there is nothing. */
  async after(wanted: WantedText): Promise<ReplyTextAppended | null> {
    return (await this.#readings.load(wanted))?.appended ?? null
  }
}

/** What one look at a reply found. */
interface Reading {
  readonly piece: ReplyPiece
  readonly appended: ReplyTextAppended | null
}

/** Answers what is asked within one turn together, and equal questions once. Nothing is remembered beyond that. */
function inOneTurn<Question, Answer>(
  answer: (questions: readonly Question[]) => Promise<Answer[]>,
  keyOf: (question: Question) => string,
): DataLoader<Question, Answer, string> {
  const loader: DataLoader<Question, Answer, string> = new DataLoader(
    (questions) => {
      // Whoever asks from here on may know of something that this statement does not see.
      loader.clearAll()
      return answer(questions)
    },
    { cacheKeyFn: keyOf, maxBatchSize: MOST_AT_ONCE, batchScheduleFn: (ask) => void setImmediate(ask) },
  )
  return loader
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
