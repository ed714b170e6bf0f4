import { changeConversation } from '../conversation/conversation-payload.ts'
import { visibleConversation } from '../conversation/visible-conversation.ts'
import type { Resolvers } from '../resolvers.generated.ts'

export const readStateResolvers: Pick<Resolvers, 'Mutation' | 'Conversation'> = {
  Mutation: {
    markRead: (_, { input }, context) =>
      changeConversation(input, context, async (em, { userId }) => {
        const conversation = await visibleConversation(input.conversationId, context)
        await context.readState.markRead(em, userId, conversation, input.upTo)
      }),
  },
  Conversation: {
    unreadCount: async ({ id }, _, { loaders }) => (await loaders.unread.load(id)).messages,
    mentionCount: async ({ id }, _, { loaders }) => (await loaders.unread.load(id)).mentions,
  },
}
