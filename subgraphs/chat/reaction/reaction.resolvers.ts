import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import { type ChatContext, forgetLoaded } from '../context.ts'
import { visibleMessage } from '../message/visible-message.ts'
import type { MutationAddReactionArgs, Resolvers } from '../resolvers.generated.ts'
import type { ReactionService } from './reaction.service.ts'

export const reactionResolvers: Pick<Resolvers, 'Mutation' | 'Message'> = {
  Mutation: {
    addReaction: (_, { input }, context) =>
      withUserErrors({ message: null }, () => change(input, context, (...given) => context.reactions.add(...given))),
    removeReaction: (_, { input }, context) =>
      withUserErrors({ message: null }, () => change(input, context, (...given) => context.reactions.remove(...given))),
  },
  Message: {
    reactions: (message, _, { loaders }) => loaders.reactions.load(message),
  },
}

async function change(
  { messageId, emoji }: MutationAddReactionArgs['input'],
  context: ChatContext,
  write: ReactionService['add'],
) {
  const message = await visibleMessage(messageId, context)
  const changed = await write(context.em, viewerOf(context.caller), message, emoji)
  forgetLoaded(context)
  return { message: changed }
}
