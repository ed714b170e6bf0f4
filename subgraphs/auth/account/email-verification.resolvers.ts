import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers } from '../resolvers.generated.ts'

export const emailVerificationMutations: Pick<MutationResolvers, 'requestEmailVerification' | 'verifyEmail'> = {
  requestEmailVerification: async (_parent, { input }, { caller, sessions, emailVerification }) =>
    withUserErrors({ accepted: false }, async () => {
      if (caller.viewer) await emailVerification.requestFor(await sessions.viewer())
      else await emailVerification.requestAt(input.email ?? '')
      return { accepted: true }
    }),

  verifyEmail: async (_parent, { input }, { sessions, emailVerification }) =>
    withUserErrors({ user: null }, async () => {
      const user = await emailVerification.verify(input.token)
      sessions.recognise(user.id)
      return { user }
    }),
}
