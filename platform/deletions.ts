import { z } from 'zod'
import type { ServiceClient } from './service-client.ts'

/** The bus topic that rings when an account was deleted. */
export const USER_DELETED = 'user-deleted'

/** One page of auth's answer to `GET /internal/deletions`, by position. */
const deletionPage = z.object({
  deletions: z.array(
    z.object({
      position: z.int().positive(),
      userId: z.uuid(),
      deletedAt: z.iso.datetime(),
      settledAt: z.iso.datetime(),
    }),
  ),
  hasMore: z.boolean(),
})

export type DeletionPage = z.infer<typeof deletionPage>

/**
 * That an account was deleted. Positions have no gaps and rise in the order of commits; `userId` is a UUID. At
 * `settledAt`, a quarter of an hour after the deletion or later, all its access tokens have expired, also to a process
 * that cannot reach auth, and what was asked for with them is over.
 */
export type AccountDeletion = DeletionPage['deletions'][number]

/** Reads auth's list over HTTP: what lies after a position. */
export function remoteDeletions(auth: ServiceClient) {
  return (after: number): Promise<DeletionPage> => {
    const query = new URLSearchParams({ after: String(after) })
    return auth.get(`/internal/deletions?${query}`, deletionPage)
  }
}
