import type { EntityManager } from '@mikro-orm/postgresql'
import { lockAccount } from './assistant-account.ts'
import { ADD_TO_BOOKED, type Reservation, SHORTEST_ANSWER, spentOn } from './day-account.ts'
import type { PayableTask, TokensUsed } from './ledger.ts'

/** Where the reservation of a reply has its id; no reply has one of these. */
const IDS = {
  TITLE: '00000000-0000-0000-0000-000000000001',
  SUMMARY: '00000000-0000-0000-0000-000000000002',
} as const

/** SQL for the rows `(kind, id)`: under which id a task of this kind has its reservation. */
export const RESERVATION_IDS = `(VALUES ('TITLE', '${IDS.TITLE}'::uuid), ('SUMMARY', '${IDS.SUMMARY}'::uuid))`

/**
 * Sets aside what a title or a summary may cost, under the lock of its payer's account, as `Ledger.setAside` says.
 *
 * @param call.limit how many tokens a day has.
 * @param call.day the day, such as `2026-01-31`.
 */
export async function setAsideForTask(
  transaction: EntityManager,
  task: PayableTask,
  { limit, day, tokens }: { readonly limit: number; readonly day: string; readonly tokens: TokensUsed },
): Promise<number | null> {
  const { payer } = task
  if (payer === null) return tokens.outputTokens
  const reservation = reservationOf(task)
  await lockAccount(transaction, payer)
  const left = limit - (await spentOn(transaction, payer, day, reservation))
  const outputTokens = Math.min(Math.floor(left / 2) - tokens.inputTokens, tokens.outputTokens)
  if (outputTokens < Math.min(SHORTEST_ANSWER, tokens.outputTokens)) {
    await release(transaction, reservation)
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

function reservationOf({ conversationId, kind }: PayableTask): Reservation {
  return { conversationId, id: IDS[kind] }
}

async function release(em: EntityManager, { conversationId, id }: Reservation): Promise<void> {
  await em.execute('DELETE FROM chat.token_reservation WHERE conversation_id = ? AND generation_id = ?', [
    conversationId,
    id,
  ])
}
