import type { EntityManager } from '@mikro-orm/postgresql'
import { LeaseLostError } from '../generation/generation-lease.ts'
import { GenerationError } from '../model/generation-error.ts'
import { lockAccount } from './assistant-account.ts'
import { ADD_TO_BOOKED, SHORTEST_ANSWER, spentOn } from './day-account.ts'
import type { Ledger, Payable, PayableTask, TaskTokens, TokensUsed } from './ledger.ts'
import { bookTask, setAsideForTask } from './task-reservation.ts'
import { dayOf } from './utc-day.ts'

export interface LedgerOptions {
  /** How many tokens one person's replies may read and write in a day; null: as many as they like. */
  dailyTokens: number | null
  /** How many replies one person may have under way, those that wait for a worker or for an approval included. */
  concurrentReplies: number
  now?: (() => Date) | undefined
  /** Is told what is booked, before that is committed. */
  onUsed?: ((model: string, used: TokensUsed) => void) | undefined
}

/**
 * Keeps accounts in Postgres. What a call may cost at most is set aside before it, under the lock of the account, and
 * exchanged for what it did cost after it: so the sum of both never exceeds the limit, however many replies begin at
 * once, unless a model reads or writes more than it was said to. What became of a call that broke off nobody says: it is
 * booked by its text, and what a model thought, or wrote of a call of a tool, until then is in no account. Everything is
 * booked on the day on which it was set aside.
 */
export class PostgresLedger implements Ledger {
  readonly #dailyTokens: number | null
  readonly #concurrentReplies: number
  readonly #now: () => Date
  readonly #onUsed: (model: string, used: TokensUsed) => void

  constructor({ dailyTokens, concurrentReplies, now, onUsed }: LedgerOptions) {
    this.#dailyTokens = dailyTokens
    this.#concurrentReplies = concurrentReplies
    this.#now = now ?? (() => new Date())
    this.#onUsed = onUsed ?? (() => undefined)
  }

  async admits(transaction: EntityManager, userId: string): Promise<boolean> {
    await lockAccount(transaction, userId)
    const [{ atWork }] = await transaction.execute<[{ atWork: number }]>(
      `SELECT count(*)::integer AS "atWork" FROM chat.generation
       WHERE requested_by = ? AND status IN ('QUEUED', 'RUNNING')`,
      [userId],
    )
    if (atWork >= this.#concurrentReplies) return false
    if (this.#dailyTokens === null) return true
    return this.#dailyTokens - (await spentOn(transaction, userId, dayOf(this.#now()))) >= SHORTEST_ANSWER
  }

  async reserve(em: EntityManager, reply: Payable & { attempt: number }, tokens: TokensUsed): Promise<number> {
    const day = dayOf(this.#now())
    const limit = this.#dailyTokens
    if (limit !== null) {
      return em.transactional((transaction) => reserveWithin(transaction, { limit, day, reply, tokens }))
    }
    // It waits on the way to the first word: one statement, which is a transaction of its own.
    await beginCall(em, reply, tokens.inputTokens, { day, tokens: tokens.inputTokens + tokens.outputTokens })
    return tokens.outputTokens
  }

  async settle(transaction: EntityManager, reply: Payable, used: TokensUsed, replies: 0 | 1): Promise<void> {
    const { conversationId, id } = reply
    await transaction.execute(
      `WITH settled AS (
         DELETE FROM chat.token_reservation WHERE conversation_id = ? AND generation_id = ? RETURNING day
       ), cost AS (
         SELECT ?::bigint AS input_tokens, ?::bigint AS output_tokens, day FROM settled
         UNION ALL SELECT 0, 0, ?::date WHERE NOT EXISTS (SELECT FROM settled)
       )
       INSERT INTO chat.usage_day AS booked (user_id, day, model, input_tokens, output_tokens, replies)
       SELECT requested_by, day, model, cost.input_tokens, cost.output_tokens, ? FROM chat.generation, cost
       WHERE conversation_id = ? AND id = ? AND requested_by IS NOT NULL
         AND cost.input_tokens + cost.output_tokens + ? > 0
       ${ADD_TO_BOOKED}`,
      [
        ...[conversationId, id, used.inputTokens, used.outputTokens, dayOf(this.#now())],
        ...[replies, conversationId, id, replies],
      ],
    )
    this.#onUsed(reply.model, used)
  }

  async setAside(transaction: EntityManager, task: PayableTask, tokens: TaskTokens): Promise<number | null> {
    const limit = this.#dailyTokens
    if (limit === null) return tokens.outputTokens
    return setAsideForTask(transaction, task, { limit, day: dayOf(this.#now()), tokens })
  }

  async book(em: EntityManager, task: PayableTask, used: TokensUsed): Promise<void> {
    await bookTask(em, task, { used, day: dayOf(this.#now()) })
    this.#onUsed(task.model, used)
  }
}

/** A call of a model, and how much one person's may cost in a day. */
interface LimitedCall {
  readonly limit: number
  readonly day: string
  readonly reply: Payable & { attempt: number }
  readonly tokens: TokensUsed
}

/**
 * Sets aside as much as there is left of a day, under the lock of the account.
 *
 * @returns how long the answer may be, in tokens.
 * @throws GenerationError QUOTA_EXCEEDED; LeaseLostError
 */
async function reserveWithin(transaction: EntityManager, call: LimitedCall): Promise<number> {
  const { limit, day, reply, tokens } = call
  const payer = await beginCall(transaction, reply, tokens.inputTokens)
  if (payer === null) return tokens.outputTokens
  await lockAccount(transaction, payer)
  const left = limit - (await spentOn(transaction, payer, day, reply)) - tokens.inputTokens
  if (left < Math.min(SHORTEST_ANSWER, tokens.outputTokens)) throw new GenerationError('QUOTA_EXCEEDED')
  const outputTokens = Math.min(left, tokens.outputTokens)
  await beginCall(transaction, reply, tokens.inputTokens, { day, tokens: tokens.inputTokens + outputTokens })
  return outputTokens
}

/**
 * Notes what a call reads, locks the reply's row, and sets aside what the call may cost when that is given.
 *
 * @returns who pays, a UUID; null when nobody does, for whom nothing is set aside.
 * @throws LeaseLostError
 */
async function beginCall(
  em: EntityManager,
  { conversationId, id, attempt }: Payable & { attempt: number },
  inputTokens: number,
  aside?: { readonly day: string; readonly tokens: number },
): Promise<string | null> {
  const key = [conversationId, id]
  const [reply] = await em.execute<{ payer: string | null }[]>(
    `WITH begun AS (
       UPDATE chat.generation SET prompt_tokens = ?
       WHERE conversation_id = ? AND id = ? AND attempt = ? AND status = 'RUNNING' RETURNING requested_by AS payer
     )${aside ? SET_ASIDE : ''}
     SELECT payer FROM begun`,
    [inputTokens, ...key, attempt, ...(aside ? [...key, aside.day, aside.tokens] : [])],
  )
  if (!reply) throw new LeaseLostError()
  return reply.payer
}

const SET_ASIDE = `, set_aside AS (
       INSERT INTO chat.token_reservation (conversation_id, generation_id, user_id, day, tokens)
       SELECT ?::uuid, ?::uuid, payer, ?::date, ?::bigint FROM begun WHERE payer IS NOT NULL
       ON CONFLICT (conversation_id, generation_id)
       DO UPDATE SET user_id = excluded.user_id, day = excluded.day, tokens = excluded.tokens
     )`
