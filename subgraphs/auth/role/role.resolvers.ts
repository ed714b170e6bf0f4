import type { QueryResolvers } from '../resolvers.generated.ts'
import { permissionsOf } from './role.ts'

export const roleQueries: Pick<QueryResolvers, 'can'> = {
  can: async (_parent, { permission }, { sessions }) => permissionsOf((await sessions.viewer()).roles).has(permission),
}
