import { NotFoundError, UnauthenticatedError } from '../../../platform/errors.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import type { AuthContext } from '../context.ts'
import type { MutationResolvers, QueryResolvers, UserResolvers } from '../resolvers.generated.ts'
import type { User } from './user.entity.ts'

export const accountQueries: Pick<QueryResolvers, 'me' | 'user'> = {
  me: async (_parent, _args, { caller, sessions }) => (caller.viewer ? sessions.viewer() : null),

  user: async (_parent, { id }, { sessions, loaders }) => {
    await sessions.viewer()
    const user = await loaders.users.load(decodeId('usr', id))
    if (!user) throw new NotFoundError('user')
    return user
  },
}

export const accountMutations: Pick<MutationResolvers, 'signUp' | 'signIn' | 'updateProfile' | 'changePassword'> = {
  signUp: async (_parent, { input }, { signUps, sessions }) =>
    withUserErrors({ user: null, tokens: null }, async () => {
      const signedUp = await signUps.signUp(input)
      sessions.recognise(signedUp.user.id)
      return { user: signedUp.user, tokens: signedUp.isUsable ? await sessions.open(signedUp) : null }
    }),

  signIn: async (_parent, { input }, { signIns, sessions }) =>
    withUserErrors({ user: null, tokens: null }, async () => {
      const authenticated = await signIns.authenticate(input)
      return { user: authenticated.user, tokens: await sessions.open(authenticated) }
    }),

  updateProfile: async (_parent, { input }, { accounts, sessions }) => {
    const viewer = await sessions.viewer()
    return withUserErrors({ user: null }, async () => ({ user: await accounts.updateProfile(viewer, input) }))
  },

  changePassword: async (_parent, { input }, { accounts, sessions }) => {
    const { id, user } = await sessions.currentSession()
    return withUserErrors({ user: null }, async () => ({
      user: await accounts.changePassword(user, id, input.currentPassword, input.newPassword),
    }))
  },
}

export const userFields: UserResolvers = {
  // Async, so that one reference at fault fails alone and not its whole batch.
  __resolveReference: async (reference, { caller, loaders }) => {
    if (!caller.viewer) throw new UnauthenticatedError()
    return loaders.users.load(decodeId('usr', String(reference.id)))
  },
  id: (user) => encodeId('usr', user.id),
  email: ifShownPrivately((user) => user.email),
  emailVerified: ifShownPrivately((user) => user.emailVerifiedAt !== null),
  roles: ifShownPrivately((user) => user.roles),
  status: ifShownPrivately((user) => (user.suspendedAt ? 'SUSPENDED' : 'ACTIVE')),
  totpEnabled: ifShownPrivately((user, { loaders }) => loaders.totp.load(user.id)),
  sessions: ifShownPrivately((user, { loaders }) => loaders.sessions.load(user.id)),
}

/** Null to everybody but the user and those who may see the private side of them. */
function ifShownPrivately<Value>(read: (user: User, context: AuthContext) => Value) {
  return async (user: User, _args: object, context: AuthContext): Promise<Awaited<Value> | null> =>
    (await context.sessions.mayBeShownPrivately(user.id)) ? await read(user, context) : null
}
