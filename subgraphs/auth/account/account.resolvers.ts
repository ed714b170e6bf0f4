import { NotFoundError, UnauthenticatedError } from '../../../platform/errors.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import type { MutationResolvers, QueryResolvers, UserResolvers } from '../resolvers.generated.ts'

export const accountQueries: Pick<QueryResolvers, 'me' | 'user'> = {
  me: async (_parent, _args, { caller, sessions }) => (caller.viewer ? sessions.viewer() : null),

  user: async (_parent, { id }, { sessions, loaders }) => {
    await sessions.viewer()
    const user = await loaders.users.load(decodeId('usr', id))
    if (!user) throw new NotFoundError('user')
    return user
  },
}

export const accountMutations: Pick<MutationResolvers, 'signUp' | 'signIn'> = {
  signUp: async (_parent, { input }, { accounts, sessions }) =>
    withUserErrors({ user: null, tokens: null }, async () => {
      const user = await accounts.signUp(input)
      return { user, tokens: await sessions.open(user) }
    }),

  signIn: async (_parent, { input }, { accounts, sessions }) =>
    withUserErrors({ user: null, tokens: null }, async () => {
      const user = await accounts.authenticate(input.login, input.password)
      return { user, tokens: await sessions.open(user) }
    }),
}

export const userFields: UserResolvers = {
  // Async, so that one reference at fault fails alone and not its whole batch.
  __resolveReference: async (reference, { caller, loaders }) => {
    if (!caller.viewer) throw new UnauthenticatedError()
    return loaders.users.load(decodeId('usr', String(reference.id)))
  },
  id: (user) => encodeId('usr', user.id),
  email: (user, _args, { sessions }) => (sessions.speaksFor(user.id) ? user.email : null),
  roles: (user, _args, { sessions }) => (sessions.speaksFor(user.id) ? user.roles : null),
}
