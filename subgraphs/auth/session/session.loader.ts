import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { Session } from './session.entity.ts'

const LARGEST_BATCH = 100

export type SessionLoader = DataLoader<string, Session[]>

/** Reads the open sessions of users by the user's UUID, newest first, all that one tick asks for with one statement. */
export function createSessionLoader(em: EntityManager, now: () => Date): SessionLoader {
  return new DataLoader(
    async (userIds) => {
      const condition = { user: { $in: [...userIds] }, ...Session.openAt(now()) }
      const sessions = await em.find(Session, condition, { orderBy: { id: 'desc' } })
      const byUser = Map.groupBy(sessions, (session) => session.user.id)
      return userIds.map((id) => byUser.get(id) ?? [])
    },
    { maxBatchSize: LARGEST_BATCH },
  )
}
