import { newUuid } from '../../../../../platform/ids.ts'
import type { ChatFixture } from '../../../testing/chat-fixture.ts'

/** A reply that a worker writes, in its first attempt. */
export interface RunningReply {
  readonly conversationId: string
  readonly id: string
  readonly model: string
  readonly attempt: number
}

/** Adds replies that are being written for somebody (a UUID) to a conversation (a UUID). */
export async function seedReplies(
  chat: ChatFixture,
  { conversationId, userId, count = 1, model = 'a-model' }: SeededReplies,
): Promise<RunningReply[]> {
  const replies = Array.from({ length: count }, () => ({ conversationId, id: newUuid(), model, attempt: 1 }))
  await chat.fork().execute(
    `INSERT INTO chat.generation (conversation_id, id, message_id, status, model, attempt, requested_by, lease_until)
     SELECT ?::uuid, id, gen_random_uuid(), 'RUNNING', ?, 1, ?::uuid, now() + interval '1 hour' FROM unnest(?::uuid[]) AS id`,
    [conversationId, model, userId, `{${replies.map(({ id }) => id)}}`],
  )
  return replies
}

export interface SeededReplies {
  readonly conversationId: string
  readonly userId: string
  readonly count?: number
  readonly model?: string
}

/** One of what somebody (a UUID) has used, as it is booked. */
export interface Booked {
  readonly day: string
  readonly model: string
  readonly input: number
  readonly output: number
  readonly replies: number
}

/** What is booked on somebody (a UUID), by day and model. */
export function bookedOn(chat: ChatFixture, userId: string): Promise<Booked[]> {
  return chat.fork().execute(
    `SELECT day::text, model, input_tokens::integer AS input, output_tokens::integer AS output, replies
     FROM chat.usage_day WHERE user_id = ? ORDER BY day, model`,
    [userId],
  )
}

/** How many tokens are set aside for somebody (a UUID). */
export async function setAsideFor(chat: ChatFixture, userId: string): Promise<number> {
  const [{ tokens }] = await chat
    .fork()
    .execute<[{ tokens: number }]>(
      'SELECT coalesce(sum(tokens), 0)::integer AS tokens FROM chat.token_reservation WHERE user_id = ?',
      [userId],
    )
  return tokens
}

/** What is booked on somebody (a UUID) and set aside for them, together and at one moment. */
export async function spentBy(chat: ChatFixture, userId: string): Promise<number> {
  const [{ tokens }] = await chat.fork().execute<[{ tokens: number }]>(
    `SELECT ((SELECT coalesce(sum(input_tokens + output_tokens), 0) FROM chat.usage_day WHERE user_id = ?)
       + (SELECT coalesce(sum(tokens), 0) FROM chat.token_reservation WHERE user_id = ?))::integer AS tokens`,
    [userId, userId],
  )
  return tokens
}
