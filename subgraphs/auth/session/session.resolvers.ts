import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers } from '../resolvers.generated.ts'

export const sessionMutations: Pick<MutationResolvers, 'refreshTokens' | 'signOut'> = {
  refreshTokens: async (_parent, { input }, { sessions }) =>
    withUserErrors({ tokens: null }, async () => ({ tokens: await sessions.refresh(input.refreshToken) })),

  signOut: async (_parent, _args, { sessions }) => {
    await sessions.signOut()
    return { signedOut: true, userErrors: [] }
  },
}
