import type { EntityManager } from '@mikro-orm/postgresql'

/** An answer shorter than this many tokens is not worth its question. */
export const SHORTEST_ANSWER = 16

/** SQL that adds what is inserted into `chat.usage_day AS booked` to what is booked already. */
export const ADD_TO_BOOKED = `
  ON CONFLICT (user_id, day, model) DO UPDATE
  SET input_tokens = booked.input_tokens + excluded.input_tokens,
      output_tokens = booked.output_tokens + excluded.output_tokens,
      replies = booked.replies + excluded.replies`

/** What something is set aside for: a reply, or a task in the place of one. */
export interface Reservation {
  readonly conversationId: string
  readonly id: string
}

/**
 * What somebody (a UUID) has booked and set aside on a day (`2026-01-31`), but for one reservation: read in one
 * statement, so that what is being exchanged at the moment counts once.
 */
export async function spentOn(em: EntityManager, userId: string, day: string, but?: Reservation): Promise<number> {
  const [{ tokens }] = await em.execute<[{ tokens: string }]>(
    `SELECT (
       SELECT coalesce(sum(input_tokens + output_tokens), 0) FROM chat.usage_day WHERE user_id = ? AND day = ?
     ) + (
       SELECT coalesce(sum(tokens), 0) FROM chat.token_reservation
       WHERE user_id = ? AND day = ? AND (conversation_id, generation_id) IS DISTINCT FROM (?::uuid, ?::uuid)
     ) AS tokens`,
    [userId, day, userId, day, but?.conversationId ?? null, but?.id ?? null],
  )
  return Number(tokens)
}
