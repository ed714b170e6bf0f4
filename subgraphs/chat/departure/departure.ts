import type { EntityManager } from '@mikro-orm/postgresql'
import { removeConversation } from './conversation-removal.ts'

/** One statement changes at most so many messages, so that a long history does not run into the statement timeout. */
const BATCH = 5_000

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

/**
 * The leaving of a user whose account was deleted: their messages stay without an author, their memberships go, and so
 * does every conversation that nobody can read any more. No transaction spans two conversations; each step may be
 * repeated, so that whoever is interrupted begins again.
 */
export class Departure {
  readonly #fork: () => EntityManager
  readonly #userId: string
  readonly #signal: AbortSignal

  /**
   * @param options.userId a UUID.
   * @param options.signal stops between two steps.
   */
  constructor(options: { fork: () => EntityManager; userId: string; signal: AbortSignal }) {
    this.#fork = options.fork
    this.#userId = options.userId
    this.#signal = options.signal
  }

  /**
   * Leaves every conversation, until there is none to be found.
   *
   * @throws the signal's reason when it is aborted in between.
   */
  async complete(): Promise<void> {
    for (let found = true; found; ) {
      found = false
      for await (const conversationId of this.#conversations()) {
        found = true
        await this.#leave(conversationId)
      }
    }
  }

  /** Those the user is a member of or has written in, in the order of their ids: what was left is not looked at again. */
  async *#conversations(): AsyncGenerator<string> {
    for (let after = BEFORE_ALL; ; ) {
      this.#signal.throwIfAborted()
      const [next] = await this.#fork().execute<{ id: string }[]>(
        `(SELECT conversation_id AS id FROM chat.member WHERE user_id = ? AND conversation_id > ?
          ORDER BY conversation_id LIMIT 1)
         UNION ALL
         (SELECT conversation_id FROM chat.message WHERE author_id = ? AND conversation_id > ?
          ORDER BY conversation_id LIMIT 1)
         ORDER BY id LIMIT 1`,
        [this.#userId, after, this.#userId, after],
      )
      if (!next) return
      yield next.id
      after = next.id
    }
  }

  async #leave(conversationId: string): Promise<void> {
    const membership = { conversationId, userId: this.#userId }
    if (!(await this.#hasOthers(this.#fork(), conversationId))) {
      return removeConversation(this.#fork, membership, this.#signal)
    }
    while (!(await this.#leaveToOthers(conversationId))) this.#signal.throwIfAborted()
  }

  async #hasOthers(em: EntityManager, conversationId: string): Promise<boolean> {
    const [row] = await em.execute<[{ others: boolean }]>(
      'SELECT EXISTS (SELECT FROM chat.member WHERE conversation_id = ? AND user_id <> ?) AS others',
      [conversationId, this.#userId],
    )
    return row.others
  }

  /** One transaction's worth of it; true when it was the last. It locks the conversation's row first, as writers do. */
  #leaveToOthers(conversationId: string): Promise<boolean> {
    return this.#fork().transactional(async (em) => {
      await em.execute('SELECT FROM chat.conversation WHERE id = ? FOR NO KEY UPDATE', [conversationId])
      if ((await this.#takeNameOff(em, conversationId)) === BATCH) return false
      // When the others have left meanwhile, the last membership stays, and leads back here to remove all.
      if (await this.#hasOthers(em, conversationId)) await this.#endMembership(em, conversationId)
      return true
    })
  }

  async #takeNameOff(em: EntityManager, conversationId: string): Promise<number> {
    const { affectedRows } = await em.execute<{ affectedRows: number }>(
      `UPDATE chat.message SET author_id = NULL, client_id = NULL
       WHERE conversation_id = ? AND number IN (
         SELECT number FROM chat.message WHERE author_id = ? AND conversation_id = ? LIMIT ${BATCH})`,
      [conversationId, this.#userId, conversationId],
      'run',
    )
    return affectedRows
  }

  async #endMembership(em: EntityManager, conversationId: string): Promise<void> {
    const [ended] = await em.execute<{ role: string }[]>(
      'DELETE FROM chat.member WHERE conversation_id = ? AND user_id = ? RETURNING role',
      [conversationId, this.#userId],
    )
    if (!ended) return
    await em.execute('UPDATE chat.conversation SET member_count = member_count - 1 WHERE id = ?', [conversationId])
    if (ended.role === 'OWNER') await handOver(em, conversationId)
  }
}

/** Makes the longest-standing member the owner of a conversation that has none. */
async function handOver(em: EntityManager, conversationId: string): Promise<void> {
  await em.execute(
    `UPDATE chat.member SET role = 'OWNER'
     WHERE conversation_id = ?
       AND user_id = (SELECT user_id FROM chat.member WHERE conversation_id = ? ORDER BY joined_at, user_id LIMIT 1)
       AND NOT EXISTS (SELECT FROM chat.member WHERE conversation_id = ? AND role = 'OWNER')`,
    [conversationId, conversationId, conversationId],
  )
}
