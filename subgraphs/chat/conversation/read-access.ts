import type { EntityManager } from '@mikro-orm/postgresql'
import { NotFoundError } from '../../../platform/errors.ts'
import { inOneTurn } from '../../../platform/in-one-turn.ts'
import type { ReadAccess } from '../event-log/access-end.ts'
import { isReadableBy } from './readable.ts'

/** Whether a person may read a conversation. Ids are UUIDs. */
interface Question {
  readonly conversationId: string
  readonly viewerId: string
}

/** What a conversation is to who may read it. */
export interface Readable {
  /** The number of its newest message. */
  readonly messageCount: number
}

/**
 * Who may read which conversation, asked anew each time. All who ask within one turn of the event loop share a statement:
 * thousands come back at the same moment when a connection broke.
 */
export class ReadAccesses {
  readonly #ask: (question: Question) => Promise<Readable | null>

  /** @param fork a new entity manager for each statement. */
  constructor(fork: () => EntityManager) {
    this.#ask = inOneTurn(
      (questions) => answer(fork(), questions),
      ({ conversationId, viewerId }) => `${conversationId}/${viewerId}`,
    )
  }

  /**
   * The conversation as far as this person may read it now. Ids are UUIDs.
   *
   * @throws NotFoundError
   */
  async require(conversationId: string, viewerId: string): Promise<Readable> {
    const readable = await this.#ask({ conversationId, viewerId })
    if (!readable) throw new NotFoundError('conversation')
    return readable
  }

  /** For a stream that asks again and again. Ids are UUIDs. */
  of(conversationId: string, viewerId: string): ReadAccess {
    return { viewerId, mayRead: async () => (await this.#ask({ conversationId, viewerId })) !== null }
  }
}

async function answer(em: EntityManager, questions: readonly Question[]): Promise<(Readable | null)[]> {
  const rows = await em.execute<{ position: number; messageCount: number }[]>(
    `SELECT position, message_count AS "messageCount"
     FROM jsonb_to_recordset(?::jsonb) AS question(position integer, "conversationId" uuid, "viewerId" uuid)
     JOIN chat.conversation ON conversation.id = question."conversationId" AND ${isReadableBy('question."viewerId"')}`,
    [JSON.stringify(questions.map((question, position) => ({ position, ...question })))],
  )
  const found = new Map(rows.map(({ position, messageCount }) => [position, { messageCount }]))
  return questions.map((_, position) => found.get(position) ?? null)
}
