import { decodeId, encodeId } from '../../../platform/ids.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers, QueryResolvers, SessionResolvers } from '../resolvers.generated.ts'

export const sessionQueries: Pick<QueryResolvers, 'introspectToken'> = {
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

export const sessionMutations: Pick<
  MutationResolvers,
  'refreshTokens' | 'signOut' | 'revokeSession' | 'revokeOtherSessions'
> = {
  refreshTokens: async (_parent, { input }, { refreshing }) =>
    withUserErrors({ tokens: null }, async () => ({ tokens: await refreshing.refresh(input.refreshToken) })),

  signOut: async (_parent, _args, { sessions }) => {
    await sessions.signOut()
    return { signedOut: true, userErrors: [] }
  },

  revokeSession: async (_parent, { input }, { sessions }) => {
    await sessions.viewer()
    const sessionId = decodeId('ses', input.sessionId)
    return { revokedCount: await sessions.revoke(sessionId), userErrors: [] }
  },

  revokeOtherSessions: async (_parent, _args, { sessions }) => ({
    revokedCount: await sessions.revokeOthers(),
    userErrors: [],
  }),
}

export const sessionFields: SessionResolvers = {
  id: (session) => encodeId('ses', session.id),
  lastUsedAt: (session) => session.rotatedAt,
  expiresAt: (session) => session.endsAt(),
  ipAddress: (session) => session.address,
  isCurrent: (session, _args, { caller }) => caller.viewer?.sessionId === session.id,
}
