import type { EntityManager } from '@mikro-orm/postgresql'

/** The bus topic that rings when something in a person's own list of conversations changed. */
export const inboxDoorbellOf = (userId: string) => `inbox/${userId}`

/**
 * Records within the caller's transaction that the list of conversations of these people changed: a new membership, or
 * their own marker, role or mute. In the order of their ids, so that two transactions never wait for each other.
 */
export async function touchInboxes(em: EntityManager, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return
  await em.execute(
    `INSERT INTO chat.inbox_head (user_id)
     SELECT user_id FROM (SELECT DISTINCT value::uuid AS user_id FROM jsonb_array_elements_text(?::jsonb)) touched
     ORDER BY user_id
     ON CONFLICT (user_id) DO UPDATE SET version = inbox_head.version + 1`,
    [JSON.stringify(userIds)],
  )
}

/** How often these people's lists have changed; those that never did are left out. */
export async function readInboxVersions(em: EntityManager, userIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await em.execute<{ userId: string; version: string }[]>(
    'SELECT user_id AS "userId", version FROM chat.inbox_head WHERE user_id IN (?)',
    [[...userIds]],
  )
  return new Map(rows.map(({ userId, version }) => [userId, Number(version)]))
}
