import type { EntityManager } from '@mikro-orm/postgresql'

/**
 * Locks somebody's account with the assistant until the transaction ends, and opens it when there is none. What is read
 * afterwards, in statements of its own, is what all holders before have left.
 *
 * @param userId a UUID.
 */
export async function lockAccount(transaction: EntityManager, userId: string): Promise<void> {
  const lock = () =>
    transaction.execute('SELECT FROM chat.assistant_account WHERE user_id = ? FOR NO KEY UPDATE', [userId])
  while ((await lock()).length === 0) {
    await transaction.execute('INSERT INTO chat.assistant_account (user_id) VALUES (?) ON CONFLICT DO NOTHING', [
      userId,
    ])
  }
}
