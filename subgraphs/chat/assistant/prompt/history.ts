import { setImmediate } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/postgresql'
import type { Message } from '../../message/message.entity.ts'
import type { AssistantModel } from '../model/models.ts'
import { quoteName, type Speakers } from './speakers.ts'
import { countTokens, countTurn } from './tokens.ts'

/** Something that was said and is still there. */
export type Said = Pick<Message, 'number' | 'role' | 'body'> & { readonly authorId: string | null }

/** Something said, as a model is told of it. */
export interface HistoryTurn {
  readonly number: number
  readonly turn: { readonly role: 'user' | 'assistant'; readonly content: string }
  /** In tokens, with what it takes to say who speaks. */
  readonly cost: number
  /** How its author is introduced, if there is need to; null else. */
  readonly introduction: string | null
}

/** The end of a conversation. */
export interface History {
  /** Oldest first. */
  readonly turns: readonly HistoryTurn[]
  /** The number of the newest message that did not fit; 0 when all did. */
  readonly omittedUpTo: number
}

/** More is not even read. */
const MOST_MESSAGES = 2_000
const BATCH = 100
/** So much text is counted, in UTF-16 code units, before others have their turn. */
const COUNTED_AT_ONCE = 16_000

const IS_SAID = `conversation_id = ? AND body <> '' AND deleted_at IS NULL AND role <> 'SYSTEM'`
const SAID = `SELECT number, role, body, author_id AS "authorId" FROM chat.message WHERE ${IS_SAID}`

/**
 * As much of the end of what was said before a number as fits a budget of tokens. The last message is always in it.
 *
 * @param options.speakers names people where there are several; null: nobody is named.
 */
export async function takeHistory(
  em: EntityManager,
  options: {
    readonly conversationId: string
    readonly before: number
    readonly budget: number
    readonly model: AssistantModel
    readonly speakers: Speakers | null
  },
): Promise<History> {
  const turns: HistoryTurn[] = []
  const counter = new TextCounter(options.model)
  const introduced = new Set<string>()
  let left = options.budget
  for await (const said of newestFirst(em, options)) {
    const turn = await toTurn(said, { ...options, counter, introduced }, turns.length === 0 ? Infinity : left)
    left -= turn.cost
    if ((left < 0 && turns.length > 0) || turns.length === MOST_MESSAGES) {
      return { turns: turns.reverse(), omittedUpTo: said.number }
    }
    turns.push(turn)
    if (turn.introduction !== null) introduced.add(turn.introduction)
  }
  return { turns: turns.reverse(), omittedUpTo: 0 }
}

/** Reads on only while somebody asks for more. */
async function* newestFirst(
  em: EntityManager,
  { conversationId, before, speakers }: { conversationId: string; before: number; speakers: Speakers | null },
): AsyncGenerator<Said, void, void> {
  for (let last = before; ; ) {
    const batch = await em.execute<Said[]>(`${SAID} AND number < ? ORDER BY number DESC LIMIT ${BATCH}`, [
      conversationId,
      last,
    ])
    await speakers?.learn(authorsOf(batch))
    yield* batch
    const oldest = batch.at(-1)
    if (!oldest || batch.length < BATCH) return
    last = oldest.number
  }
}

/** What was said from one number to another, both included, oldest first; at most `limit` messages. */
export function readSaid(
  em: EntityManager,
  conversationId: string,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<Said[]> {
  return em.execute<Said[]>(`${SAID} AND number BETWEEN ? AND ? ORDER BY number LIMIT ?`, [
    conversationId,
    from,
    to,
    limit,
  ])
}

/** How many messages there are from one number to another, both included; those that were deleted are not counted. */
export async function countSaid(
  em: EntityManager,
  conversationId: string,
  { from, to }: { from: number; to: number },
): Promise<number> {
  if (to < from) return 0
  // Numbers have no gaps, and what is not to be counted is in an index of its own.
  const [row] = await em.execute<[{ others: number }]>(
    `SELECT count(*)::integer AS others FROM chat.message
     WHERE conversation_id = ? AND number BETWEEN ? AND ? AND (deleted_at IS NOT NULL OR role = 'SYSTEM')`,
    [conversationId, from, to],
  )
  return to - from + 1 - row.others
}

/** Who wrote these messages; the assistant, who is nobody, is not among them. */
export function authorsOf(messages: readonly Said[]): (string | null)[] {
  return messages.filter(({ role }) => role === 'USER').map(({ authorId }) => authorId)
}

/** What a message is with the name of who wrote it. */
export function withName({ role, body, authorId }: Said, speakers: Speakers | null): string {
  return speakers && role === 'USER' ? `${speakers.of(authorId).name}: ${body}` : body
}

async function toTurn(
  said: Said,
  {
    model,
    speakers,
    counter,
    introduced,
  }: { model: AssistantModel; speakers: Speakers | null; counter: TextCounter; introduced: ReadonlySet<string> },
  limit: number,
): Promise<HistoryTurn> {
  const content = withName(said, speakers)
  const introduction = speakers && said.role === 'USER' ? speakers.of(said.authorId).introduction : null
  const isNew = introduction !== null && !introduced.has(introduction)
  const frame = countTurn(model, '') + (isNew ? countTokens(model, `, ${quoteName(introduction)}`) : 0)
  return {
    number: said.number,
    turn: { role: said.role === 'ASSISTANT' ? 'assistant' : 'user', content },
    cost: frame + (await counter.countUpTo(content, limit)),
    introduction,
  }
}

/** Counts one text after the other, and lets others have their turn whenever much has been counted. */
class TextCounter {
  readonly #model: AssistantModel
  #counted = 0

  constructor(model: AssistantModel) {
    this.#model = model
  }

  /** Counts a text piece by piece, and no further than to a limit. */
  async countUpTo(text: string, limit: number): Promise<number> {
    let tokens = 0
    for (let start = 0; start < text.length && tokens <= limit; start += COUNTED_AT_ONCE) {
      const piece = text.slice(start, start + COUNTED_AT_ONCE)
      if (this.#counted + piece.length > COUNTED_AT_ONCE) {
        await setImmediate()
        this.#counted = 0
      }
      this.#counted += piece.length
      tokens += countTokens(this.#model, piece)
    }
    return tokens
  }
}
