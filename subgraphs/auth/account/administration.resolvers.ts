import { decodeId } from '../../../platform/ids.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers } from '../resolvers.generated.ts'

export const administrationMutations: Pick<
  MutationResolvers,
  'createUser' | 'updateUser' | 'setUserRoles' | 'suspendUser' | 'restoreUser' | 'revokeUserSessions'
> = {
  createUser: async (_parent, { input }, { administration, sessions }) => {
    const viewer = await sessions.viewer()
    return withUserErrors({ user: null }, async () => ({ user: await administration.createUser(viewer, input) }))
  },

  updateUser: async (_parent, { input: { userId, ...change } }, { administration, sessions }) => {
    const viewer = await sessions.viewer()
    const id = decodeId('usr', userId)
    return withUserErrors({ user: null }, async () => ({ user: await administration.updateUser(viewer, id, change) }))
  },

  setUserRoles: async (_parent, { input: { userId, roles } }, { administration, sessions }) => {
    const viewer = await sessions.viewer()
    const id = decodeId('usr', userId)
    return withUserErrors({ user: null }, async () => ({ user: await administration.setUserRoles(viewer, id, roles) }))
  },

  suspendUser: async (_parent, { input: { userId, reason } }, { administration, sessions }) => {
    const viewer = await sessions.viewer()
    const id = decodeId('usr', userId)
    return withUserErrors({ user: null }, async () => ({ user: await administration.suspendUser(viewer, id, reason) }))
  },

  restoreUser: async (_parent, { input: { userId } }, { administration, sessions }) => {
    const viewer = await sessions.viewer()
    const user = await administration.restoreUser(viewer, decodeId('usr', userId))
    return { user, userErrors: [] }
  },

  revokeUserSessions: async (_parent, { input: { userId } }, { administration, sessions }) => {
    const viewer = await sessions.viewer()
    const revokedCount = await administration.revokeUserSessions(viewer, decodeId('usr', userId))
    return { revokedCount, userErrors: [] }
  },
}
