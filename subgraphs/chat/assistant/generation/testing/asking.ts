import { expect } from 'vitest'
import type { Conversation } from '../../../conversation/conversation.entity.ts'
import type { ChatFixture } from '../../../testing/chat-fixture.ts'

/** A reply's row and its message's body. */
export interface WrittenReply {
  readonly id: string
  readonly messageId: string
  readonly status: string
  readonly attempt: number
  readonly finishReason: string | null
  readonly errorCode: string | null
  readonly endpoint: string | null
  readonly textLength: number
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly isEstimated: boolean | null
  readonly body: string
}

/**
 * The only reply of a conversation, as it is now.
 *
 * @throws Error if there is none.
 */
export async function replyIn(chat: ChatFixture, talk: Conversation): Promise<WrittenReply> {
  const [found] = await chat.fork().execute<WrittenReply[]>(
    `SELECT generation.id, message_id AS "messageId", status, attempt, finish_reason AS "finishReason",
       error_code AS "errorCode", endpoint, text_length AS "textLength", input_tokens AS "inputTokens",
       output_tokens AS "outputTokens", usage_is_estimated AS "isEstimated", body.body
     FROM chat.generation
     JOIN chat.message body ON body.conversation_id = generation.conversation_id AND body.id = message_id
     WHERE generation.conversation_id = ?`,
    [talk.id],
  )
  if (!found) throw new Error('There is no reply.')
  return found
}

/** The only reply of a conversation, as soon as it has ended: within ten seconds. */
export async function endedReplyIn(chat: ChatFixture, talk: Conversation): Promise<WrittenReply> {
  await expect.poll(async () => (await replyIn(chat, talk)).status, { timeout: 10_000 }).not.toMatch(/QUEUED|RUNNING/)
  return replyIn(chat, talk)
}

/** Asks, and returns the reply as the worker that is started for it has ended it. */
export async function answerTo(
  question: string,
  { chat, talk, startWorker }: { chat: ChatFixture; talk: Conversation; startWorker: () => AsyncDisposable },
): Promise<WrittenReply> {
  await chat.say(talk, question)
  await using _worker = startWorker()
  // Not before it has ended may the worker be stopped.
  return await endedReplyIn(chat, talk)
}
