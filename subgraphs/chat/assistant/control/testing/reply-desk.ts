import { randomUUID } from 'node:crypto'
import { encodeId } from '../../../../../platform/ids.ts'
import { mutationDocument } from '../../../../../tests/support/mutations.ts'
import type { Conversation } from '../../../conversation/conversation.entity.ts'
import type { Message } from '../../../message/message.entity.ts'
import type { ChatFixture } from '../../../testing/chat-fixture.ts'
import type { Generation } from '../../generation/generation.entity.ts'

/** How a test has a reply end. */
export interface Ending {
  readonly body: string
  readonly status?: 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'
  readonly finishReason?: 'stop' | 'length'
  readonly errorCode?: string
}

/** A version as the database has it, oldest first. */
export interface StoredVersion {
  readonly id: string
  readonly status: Generation['status']
  readonly model: string
  readonly isSelected: boolean
  readonly body: string | null
  readonly attempt: number
  readonly baseAttempt: number
  readonly requestedBy: string | null
  readonly continues: boolean
  readonly textLength: number
  readonly errorCode: string | null
  readonly finishReason: string | null
  /** What lies in its chunks. */
  readonly growing: string
}

type Mutation = 'cancelReply' | 'regenerateReply' | 'continueReply' | 'selectReplyVersion' | 'editMessage'

/** Replies of the fixture, asked for, ended and controlled without a worker. People and ids are UUIDs. */
export class ReplyDesk {
  readonly #chat: ChatFixture

  constructor(chat: ChatFixture) {
    this.#chat = chat
  }

  /** Says something that is answered, and returns the question and the reply that waits. */
  async ask(userId: string, conversation: Conversation, body = '@assistant, why?') {
    const { messages } = this.#chat.services
    const { message, reply } = await messages.send(this.#chat.fork(), userId, conversation, {
      body,
      clientId: randomUUID(),
    })
    if (!reply) throw new Error('Nobody was asked.')
    return { question: message, reply }
  }

  /** A reply that has ended so; whole unless said otherwise. */
  async answered(userId: string, conversation: Conversation, ending: Ending, question?: string) {
    const asked = await this.ask(userId, conversation, question)
    await this.end(asked.reply, ending)
    return asked
  }

  /** Gives the version at work this text so far, as its worker would. */
  async grow({ conversationId, id }: Message, text: string): Promise<void> {
    await this.#chat.fork().execute(
      `WITH grown AS (
         UPDATE chat.generation SET status = 'RUNNING', attempt = greatest(attempt, 1), text_length = ?
         WHERE conversation_id = ? AND message_id = ? AND status IN ('QUEUED', 'RUNNING')
         RETURNING *
       )
       INSERT INTO chat.generation_chunk (conversation_id, generation_id, attempt, start_offset, end_offset, text)
       SELECT conversation_id, id, attempt, 0, text_length, ? FROM grown`,
      [text.length, conversationId, id, text],
    )
  }

  /** Ends the version at work as its worker would. */
  async end({ conversationId, id }: Message, ending: Ending): Promise<void> {
    const { body, status = 'COMPLETED', errorCode = null } = ending
    const finishReason = ending.finishReason ?? (status === 'COMPLETED' ? 'stop' : null)
    await this.#chat.fork().transactional(async (em) => {
      await em.execute(
        `WITH ended AS (
           UPDATE chat.generation
           SET status = ?, attempt = attempt + 1, text_length = ?, finish_reason = ?, error_code = ?, finished_at = now()
           WHERE conversation_id = ? AND message_id = ? AND status IN ('QUEUED', 'RUNNING') RETURNING id
         )
         DELETE FROM chat.generation_chunk WHERE conversation_id = ? AND generation_id IN (SELECT id FROM ended)`,
        [status, body.length, finishReason, errorCode, conversationId, id, conversationId],
      )
      await em.execute('UPDATE chat.message SET body = ? WHERE conversation_id = ? AND id = ?', [
        body,
        conversationId,
        id,
      ])
    })
  }

  /** What came of a mutation: `ok`, the code of its user error, or that of the error it threw. */
  async change(userId: string, mutation: Mutation, messageId: string, more: object = {}): Promise<string> {
    const source = mutationDocument(mutation, 'message { id } userErrors { code path }')
    const input = { messageId: encodeId('msg', messageId), ...more }
    const { data, errors } = await this.#chat.run(userId, source, { input })
    if (errors) return errors.map(({ extensions, originalError }) => extensions.code ?? codeOf(originalError)).join()
    const { message, userErrors } = (data as { answer: { message: unknown; userErrors: { code: string }[] } }).answer
    return userErrors[0]?.code ?? (message ? 'ok' : 'no message')
  }

  /** The body of the reply's message as the database has it. */
  async bodyOf({ id }: Message): Promise<string> {
    const [row] = await this.#chat
      .fork()
      .execute<{ body: string }[]>('SELECT body FROM chat.message WHERE id = ?', [id])
    return row?.body ?? ''
  }

  async versionsOf({ conversationId, id }: Message): Promise<StoredVersion[]> {
    return this.#chat.fork().execute<StoredVersion[]>(
      `SELECT id, status, model, is_selected AS "isSelected", body, attempt, base_attempt AS "baseAttempt",
         requested_by AS "requestedBy", continues, text_length AS "textLength", error_code AS "errorCode",
         finish_reason AS "finishReason",
         (SELECT coalesce(string_agg(text, '' ORDER BY start_offset), '') FROM chat.generation_chunk chunk
          WHERE chunk.conversation_id = g.conversation_id AND generation_id = g.id) AS growing
       FROM chat.generation g WHERE conversation_id = ? AND message_id = ? ORDER BY created_at, id`,
      [conversationId, id],
    )
  }

  /** The kinds of what the log says of a message, in order. */
  async eventsOf({ conversationId, id }: Message): Promise<string[]> {
    const rows = await this.#chat
      .fork()
      .execute<{ kind: string }[]>(
        'SELECT kind FROM chat.conversation_event WHERE conversation_id = ? AND message_id = ? ORDER BY seq',
        [conversationId, id],
      )
    return rows.map(({ kind }) => kind)
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | undefined)?.code ?? String(error)
}
