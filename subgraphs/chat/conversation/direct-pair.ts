import type { EntityManager } from '@mikro-orm/postgresql'
import { readEntities } from '../../../platform/entity-rows.ts'
import { Conversation } from './conversation.entity.ts'

/** Two people (UUIDs), in the one order that names them as a pair. */
export type Pair = readonly [lower: string, higher: string]

/** The pair of two different people. */
export function pairOf(one: string, other: string): Pair {
  return one < other ? [one, other] : [other, one]
}

/**
 * Takes the pair for a conversation that is made in the same transaction; false when it has one already. While somebody
 * else is making one, it waits for how that ends.
 */
export async function claimPair(em: EntityManager, pair: Pair, conversationId: string): Promise<boolean> {
  const claimed = await em.execute(
    `INSERT INTO chat.direct_pair (lower_user_id, higher_user_id, conversation_id) VALUES (?, ?, ?)
     ON CONFLICT (lower_user_id, higher_user_id) DO NOTHING RETURNING conversation_id`,
    [...pair, conversationId],
  )
  return claimed.length === 1
}

/** The pair's conversation; null when it has none. */
export async function findOfPair(em: EntityManager, pair: Pair): Promise<Conversation | null> {
  const [row] = await em.execute(
    `SELECT conversation.* FROM chat.direct_pair JOIN chat.conversation ON conversation.id = conversation_id
     WHERE lower_user_id = ? AND higher_user_id = ?`,
    [...pair],
  )
  return readEntities(em, Conversation, row ? [row] : [])[0] ?? null
}

/** Gives the pair up whose conversation this is, so that the two could have another one. */
export async function releasePair(em: EntityManager, conversationId: string): Promise<void> {
  await em.execute('DELETE FROM chat.direct_pair WHERE conversation_id = ?', [conversationId])
}
