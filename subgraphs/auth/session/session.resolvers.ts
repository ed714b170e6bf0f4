import { decodeId, encodeId } from '../../../platform/ids.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers, SessionResolvers } from '../resolvers.generated.ts'

export const sessionMutations: Pick<
  MutationResolvers,
  'refreshTokens' | 'signOut' | 'revokeSession' | 'revokeOtherSessions'
> = {
  refreshTokens: async (_parent, { input }, { sessions }) =>
    withUserErrors({ tokens: null }, async () => ({ tokens: await sessions.refresh(input.refreshToken) })),

  signOut: async (_parent, _args, { sessions }) => {
    await sessions.signOut()
    return { signedOut: true, userErrors: [] }
  },

  revokeSession: async (_parent, { input }, { sessions }) => {
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
  expiresAt: ({ idleExpiresAt, expiresAt }) => (idleExpiresAt < expiresAt ? idleExpiresAt : expiresAt),
  ipAddress: (session) => session.address,
  isCurrent: (session, _args, { caller }) => caller.viewer?.sessionId === session.id,
}
