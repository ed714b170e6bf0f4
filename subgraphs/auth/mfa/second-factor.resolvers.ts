import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers } from '../resolvers.generated.ts'

export const secondFactorMutations: Pick<MutationResolvers, 'beginTotp' | 'confirmTotp' | 'disableTotp'> = {
  beginTotp: async (_parent, _args, { sessions, secondFactor }) => {
    const viewer = await sessions.viewer()
    return withUserErrors({ secret: null, otpauthUrl: null }, () => secondFactor.begin(viewer))
  },

  confirmTotp: async (_parent, { input }, { sessions, secondFactor }) => {
    const viewer = await sessions.viewer()
    return withUserErrors({ recoveryCodes: null }, async () => ({
      recoveryCodes: await secondFactor.confirm(viewer, input.code, ['input', 'code']),
    }))
  },

  disableTotp: async (_parent, { input }, { sessions, signIns, secondFactor }) => {
    const viewer = await sessions.viewer()
    return withUserErrors({ user: null }, async () => {
      const proven = await signIns.requirePassword(viewer, input.password, ['input', 'password'])
      await secondFactor.disable(viewer, proven, input.code, ['input', 'code'])
      return { user: viewer }
    })
  },
}
