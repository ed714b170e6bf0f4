import { decodeId, encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { followPresence, presenceOf, readPeople } from './presence-stream.ts'

export const presenceResolvers: Pick<Resolvers, 'Subscription' | 'User' | 'PresenceChange'> = {
  User: {
    __resolveReference: ({ id }) => ({ id: encodeId('usr', decodeId('usr', id)) }),
    presence: async ({ id }, _, { caller, presence, loaders }) => {
      if (!caller.viewer) return null
      const userId = decodeId('usr', id)
      const { status, lastSeenAt } = presence.of(userId)
      return { status, lastSeenAt: lastSeenAt ?? (await loaders.lastSeen.load(userId)) }
    },
  },
  PresenceChange: {
    userId: ({ userId }) => encodeId('usr', userId),
    presence: (item, _, { presence }) => presenceOf(presence, item),
  },
  Subscription: {
    presence: {
      subscribe: (_, { userIds }, { caller, presence, streams }) => {
        viewerOf(caller)
        return followPresence({ ...streams, board: presence, userIds: readPeople(userIds) })
      },
      resolve: (item) => item,
    },
  },
}
