import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { User } from './user.entity.ts'

/** Representations come in batches as large as a request's body allows; one statement reads so many of them. */
const LARGEST_BATCH = 1_000

export type UserLoader = DataLoader<string, User | null>

/** Reads users by UUID, all that one tick asks for with one statement. */
export function createUserLoader(em: EntityManager): UserLoader {
  return new DataLoader(
    async (ids) => {
      const users = await em.find(User, { id: { $in: [...ids] } })
      const byId = new Map(users.map((user) => [user.id, user]))
      return ids.map((id) => byId.get(id) ?? null)
    },
    { maxBatchSize: LARGEST_BATCH },
  )
}
