import type { EntityManager } from '@mikro-orm/postgresql'
import { lockAccount } from './assistant-account.ts'
import { ADD_TO_BOOKED, type Reservation, spentOn } from './day-account.ts'
import type { PayableTask, TaskTokens, TokensUsed } from './ledger.ts'

/** Where the reservation of a reply has its id; no reply has one of these. */
const IDS = {
  TITLE: '00000000-0000-0000-0000-000000000001',
  SUMMARY: '00000000-0000-0000-0000-000000000002',
} as const

/** Which title or summary of which conversation. */
type TaskKey = Pick<PayableTask, 'conversationId' | 'kind'>

/**
 * Sets aside what a title or a summary may cost, under the lock of its payer's account, as `Ledger.setAside` says.
 *
 * @param call.limit how many tokens a day has.
 * @param call.day the day, such as `2026-01-31`.
 */
export async function setAsideForTask(
  transaction: EntityManager,
  task: PayableTask,
  { limit, day, tokens }: { readonly limit: number; readonly day: string; readonly tokens: TaskTokens },
): Promise<number | null> {
  const { payer } = task
  if (payer === null) return tokens.outputTokens
  const reservation = reservationOf(task)
  await lockAccount(transaction, payer)
  const left = limit - (await spentOn(transaction, payer, day, reservation))
  const outputTokens = Math.min(Math.floor(left / 2) - tokens.inputTokens, tokens.outputTokens)
  if (outputTokens < Math.min(tokens.leastOutputTokens, tokens.outputTokens)) {
    await releaseTasks(transaction, [task])
    return null
  }
  await transaction.execute(
    `INSERT INTO chat.token_reservation (conversation_id, generation_id, user_id, day, tokens) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (conversation_id, generation_id)
     DO UPDATE SET user_id = excluded.user_id, day = excluded.day, tokens = excluded.tokens`,
    [task.conversationId, reservation.id, payer, day, tokens.inputTokens + outputTokens],
  )
  return outputTokens
}

/** Books what a title or a summary has cost, as `Ledger.book` says: on the day on which it was set aside, or else on this one. */
export async function bookTask(
  em: EntityManager,
  task: PayableTask,
  { used, day }: { readonly used: TokensUsed; readonly day: string },
): Promise<void> {
  const { conversationId, id } = reservationOf(task)
  const { inputTokens, outputTokens } = used
  await em.execute(
    `WITH released AS (
       DELETE FROM chat.token_reservation WHERE conversation_id = ? AND generation_id = ? RETURNING day
     ), cost AS (
       SELECT ?::uuid AS user_id, coalesce((SELECT day FROM released), ?::date) AS day, ?::text AS model,
         ?::bigint AS input_tokens, ?::bigint AS output_tokens
     )
     INSERT INTO chat.usage_day AS booked (user_id, day, model, input_tokens, output_tokens)
     SELECT * FROM cost WHERE user_id IS NOT NULL AND input_tokens + output_tokens > 0
     ${ADD_TO_BOOKED}`,
    [conversationId, id, task.payer, day, task.model, inputTokens, outputTokens],
  )
}

/** Gives back what is set aside for titles and summaries, within the transaction that holds or has dropped their tasks. */
export async function releaseTasks(transaction: EntityManager, tasks: readonly TaskKey[]): Promise<void> {
  const reservations = tasks.map(reservationOf)
  await transaction.execute(
    `DELETE FROM chat.token_reservation reservation USING unnest(?::uuid[], ?::uuid[]) AS released(conversation_id, id)
     WHERE reservation.conversation_id = released.conversation_id AND generation_id = released.id`,
    [`{${reservations.map(({ conversationId }) => conversationId)}}`, `{${reservations.map(({ id }) => id)}}`],
  )
}

function reservationOf({ conversationId, kind }: TaskKey): Reservation {
  return { conversationId, id: IDS[kind] }
}
