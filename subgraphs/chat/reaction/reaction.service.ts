import type { EntityManager } from '@mikro-orm/postgresql'
import type { Viewer } from '../../../platform/access-token.ts'
import { NotFoundError } from '../../../platform/errors.ts'
import { UserFault } from '../../../platform/user-fault.ts'
import type { ConversationChanges } from '../conversation/conversation-change.ts'
import { requireRight } from '../conversation/policy.ts'
import { Message } from '../message/message.entity.ts'
import { readEmoji } from './emoji.ts'

const MOST_EMOJI = 50

/** A reaction to be written; its columns in this order. */
type ReactionKey = readonly [conversationId: string, number: number, emoji: string, userId: string]

/** What people feel about messages. */
export class ReactionService {
  readonly #changes: ConversationChanges

  constructor(options: { changes: ConversationChanges }) {
    this.#changes = options.changes
  }

  /**
   * Adds the viewer's reaction; once more changes nothing.
   *
   * @throws UserFault BAD_USER_INPUT (no emoji, or one more than a message takes), NOT_FOUND (a deleted message);
   * ForbiddenError, NotFoundError.
   */
  add(em: EntityManager, viewer: Viewer, message: Message, emoji: string): Promise<Message> {
    return this.#change(em, viewer, message, emoji, async (transaction, key) => {
      await requireRoom(transaction, key)
      const { affectedRows } = await transaction.execute<{ affectedRows: number }>(
        'INSERT INTO chat.reaction (conversation_id, number, emoji, user_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        key,
        'run',
      )
      return affectedRows > 0
    })
  }

  /**
   * Takes the viewer's reaction back; without one nothing changes.
   *
   * @throws UserFault BAD_USER_INPUT (no emoji), NOT_FOUND (a deleted message); ForbiddenError, NotFoundError.
   */
  remove(em: EntityManager, viewer: Viewer, message: Message, emoji: string): Promise<Message> {
    return this.#change(em, viewer, message, emoji, async (transaction, key) => {
      const { affectedRows } = await transaction.execute<{ affectedRows: number }>(
        'DELETE FROM chat.reaction WHERE conversation_id = ? AND number = ? AND emoji = ? AND user_id = ?',
        key,
        'run',
      )
      return affectedRows > 0
    })
  }

  /** Runs `write` under the conversation's lock and logs an event if it says that something changed. */
  async #change(
    em: EntityManager,
    viewer: Viewer,
    { conversationId, number }: Message,
    text: string,
    write: (em: EntityManager, key: ReactionKey) => Promise<boolean>,
  ): Promise<Message> {
    const emoji = readEmoji(text)
    return this.#changes.make(em, viewer, conversationId, async (change) => {
      requireRight(change, 'write in the conversation')
      const message = await change.em.findOne(Message, { conversationId, number }, { refresh: true })
      if (!message) throw new NotFoundError('message')
      if (message.deletedAt) {
        throw new UserFault('NOT_FOUND', 'The message was deleted; there is nothing to react to.', [
          'input',
          'messageId',
        ])
      }
      if (await write(change.em, [conversationId, number, emoji, viewer.userId])) {
        change.record({ kind: 'ReactionsChanged', messageId: message.id })
      }
      return message
    })
  }
}

/** @throws UserFault BAD_USER_INPUT when the emoji would be one more than a message takes. */
async function requireRoom(em: EntityManager, [conversationId, number, emoji]: ReactionKey): Promise<void> {
  const [{ others }] = await em.execute<[{ others: number }]>(
    `SELECT count(DISTINCT emoji)::integer AS others FROM chat.reaction
     WHERE conversation_id = ? AND number = ? AND NOT EXISTS (
       SELECT FROM chat.reaction WHERE conversation_id = ? AND number = ? AND emoji = ?)`,
    [conversationId, number, conversationId, number, emoji],
  )
  if (others < MOST_EMOJI) return
  const words = `The message has ${MOST_EMOJI} different emoji, which is the most; choose one of them.`
  throw new UserFault('BAD_USER_INPUT', words, ['input', 'emoji'])
}
