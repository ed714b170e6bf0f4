import { respondWithConversation } from '../conversation/conversation-payload.ts'
import type { Resolvers } from '../resolvers.generated.ts'

export const readStateResolvers: Pick<Resolvers, 'Mutation' | 'Conversation'> = {
  Mutation: {
    markRead: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) => context.readState.markRead(...change, input.upTo)),
  },
  Conversation: {
    unreadCount: async ({ id }, _, { loaders }) => (await loaders.unread.load(id)).messages,
    mentionCount: async ({ id }, _, { loaders }) => (await loaders.unread.load(id)).mentions,
  },
}
