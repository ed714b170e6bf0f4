import type { EntityManager } from '@mikro-orm/postgresql'
import DataLoader from 'dataloader'
import { Totp } from './totp.entity.ts'

const LARGEST_BATCH = 1_000

export type TotpLoader = DataLoader<string, boolean>

/**
 * Whether users, by UUID, have a second factor in force: all that one tick asks for with one statement. Nothing is
 * remembered, because an operation that turns it on or off goes on to show it.
 */
export function createTotpLoader(em: EntityManager): TotpLoader {
  return new DataLoader(
    async (userIds) => {
      const inForce = await em.find(
        Totp,
        { user: { $in: [...userIds] }, confirmedAt: { $ne: null } },
        { fields: ['user'], disableIdentityMap: true },
      )
      const owners = new Set(inForce.map(({ user }) => user.id))
      return userIds.map((id) => owners.has(id))
    },
    { maxBatchSize: LARGEST_BATCH, cache: false },
  )
}
