import { encodeId } from '../../../platform/ids.ts'
import type { QueryResolvers } from '../resolvers.generated.ts'
import { permissionsOf } from './role.ts'

export const roleQueries: Pick<QueryResolvers, 'can' | 'introspectToken'> = {
  can: async (_parent, { permission }, { sessions }) => permissionsOf((await sessions.viewer()).roles).has(permission),

  introspectToken: async (_parent, { token }, { sessions, introspection }) => {
    const active = await introspection.introspect(await sessions.viewer(), token)
    if (!active) return { active: false }
    return {
      active: true,
      userId: encodeId('usr', active.userId),
      sessionId: encodeId('ses', active.sessionId),
      scope: active.scope.join(' '),
      expiresAt: active.expiresAt,
    }
  },
}
