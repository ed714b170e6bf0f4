import { BadUserInputError } from '../../../platform/errors.ts'
import { encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { visibleConversation } from '../conversation/visible-conversation.ts'
import { followConversation } from '../event-log/conversation-stream.ts'
import { loadVisibleMessage, visibleMessage } from '../message/visible-message.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { LiveReplies, noLiveReplies } from './live-replies.ts'
import { followReply } from './reply-stream.ts'

export const assistantResolvers: Pick<Resolvers, 'Query' | 'Message' | 'Generation' | 'ReplyEnded' | 'Subscription'> = {
  Query: {
    models: (_, __, { caller, models }) => {
      viewerOf(caller)
      return [...models.all]
    },
  },
  Message: {
    generation: (message, _, { loaders }) => (message.role === 'ASSISTANT' ? loaders.generations.load(message) : null),
    body: (message, _, { loaders }) => (message.role === 'ASSISTANT' ? loaders.replyTexts.load(message) : message.body),
  },
  Generation: {
    id: ({ id }) => encodeId('gen', id),
    text: ({ conversationId, messageId }, _, { loaders }) => loaders.replyTexts.load({ conversationId, id: messageId }),
    usage: ({ inputTokens, outputTokens, usageIsEstimated }) =>
      inputTokens != null && outputTokens != null
        ? { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, isEstimated: usageIsEstimated ?? true }
        : null,
    error: ({ errorCode, errorMessage }) =>
      errorCode != null ? { code: errorCode, message: errorMessage ?? '' } : null,
  },
  ReplyEnded: { message: ({ messageId }, _, context) => loadVisibleMessage(messageId, context) },
  Subscription: {
    conversationEvents: {
      subscribe: async (_, { conversationId, after, includeReplyText }, context) => {
        const { id } = await visibleConversation(conversationId, context)
        const { streams } = context
        return followConversation({
          ...streams,
          conversationId: id,
          after: after ?? undefined,
          ephemeral: includeReplyText ? new LiveReplies({ fork: streams.fork, conversationId: id }) : noLiveReplies,
        })
      },
      resolve: (event) => event,
    },
    replyStream: {
      subscribe: async (_, { messageId, after }, context) => {
        const message = await visibleMessage(messageId, context)
        if (message.role !== 'ASSISTANT') throw new BadUserInputError('This message is not a reply of the assistant.')
        if (after && (after.attempt < 0 || after.offset < 0)) {
          throw new BadUserInputError('after.attempt and after.offset count from 0.')
        }
        return followReply({ ...context.streams, message, after: after ?? undefined })
      },
      resolve: (event) => event,
    },
  },
}
