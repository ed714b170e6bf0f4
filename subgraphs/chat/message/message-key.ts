import type { Message } from './message.entity.ts'

/** What a message is called inside: its conversation, and its number there. */
export type MessageKey = Pick<Message, 'conversationId' | 'number'>

/** The key as one text, for maps. */
export const keyOf = ({ conversationId, number }: MessageKey) => `${conversationId}/${number}`

/** SQL for the rows of `keysParameter`, to be joined: `wanted("conversationId", number)`. */
export const WANTED = 'jsonb_to_recordset(?::jsonb) AS wanted("conversationId" uuid, number integer)'

/** The parameter that `WANTED` takes. */
export function keysParameter(keys: readonly MessageKey[]): string {
  return JSON.stringify(keys.map(({ conversationId, number }) => ({ conversationId, number })))
}
