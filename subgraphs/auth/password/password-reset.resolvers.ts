import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers } from '../resolvers.generated.ts'

export const passwordResetMutations: Pick<MutationResolvers, 'requestPasswordReset' | 'resetPassword'> = {
  requestPasswordReset: async (_parent, { input }, { passwordReset }) =>
    withUserErrors({ accepted: false }, async () => {
      await passwordReset.request(input.email)
      return { accepted: true }
    }),

  resetPassword: async (_parent, { input }, { sessions, passwordReset }) =>
    withUserErrors({ user: null }, async () => {
      const user = await passwordReset.reset(input)
      sessions.recognise(user.id)
      return { user }
    }),
}
