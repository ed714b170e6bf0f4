import { decodeId, encodeId } from '../../../platform/ids.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers, QueryResolvers } from '../resolvers.generated.ts'

export const deletionQueries: Pick<QueryResolvers, 'exportMyData'> = {
  exportMyData: async (_parent, _args, { sessions, dataExport }) => dataExport.exportMyData(await sessions.viewer()),
}

export const deletionMutations: Pick<MutationResolvers, 'deleteAccount' | 'deleteUser'> = {
  deleteAccount: async (_parent, { input }, { deletion, sessions }) => {
    const viewer = await sessions.viewer()
    return withUserErrors({ deletedUserId: null }, async () => {
      await deletion.deleteAccount(viewer, input.password)
      return { deletedUserId: encodeId('usr', viewer.id) }
    })
  },

  deleteUser: async (_parent, { input: { userId } }, { deletion, sessions }) => {
    const viewer = await sessions.viewer()
    const id = decodeId('usr', userId)
    return withUserErrors({ deletedUserId: null }, async () => {
      await deletion.deleteUser(viewer, id)
      return { deletedUserId: userId }
    })
  },
}
