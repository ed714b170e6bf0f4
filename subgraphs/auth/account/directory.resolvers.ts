import { readPageRequest } from '../../../platform/connection.ts'
import type { QueryResolvers, UserConnectionResolvers } from '../resolvers.generated.ts'

export const directoryQueries: Pick<QueryResolvers, 'users' | 'searchUsers' | 'userByUsername'> = {
  users: async (_parent, { query, role, ...page }, { sessions, directory }) =>
    directory.list(await sessions.viewer(), readPageRequest(page), { query, role }),

  searchUsers: async (_parent, { query, ...page }, { sessions, directory }) => {
    await sessions.viewer()
    return directory.search(readPageRequest(page), query)
  },

  userByUsername: async (_parent, { username }, { sessions, directory }) => {
    await sessions.viewer()
    return directory.byUsername(username)
  },
}

export const userConnectionFields: UserConnectionResolvers = {
  totalCount: (page) => page.countAll?.() ?? null,
}
