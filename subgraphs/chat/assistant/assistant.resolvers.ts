import { BadUserInputError } from '../../../platform/errors.ts'
import { encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { loadVisibleMessage, visibleMessage } from '../message/visible-message.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { followReply } from './text/reply-stream.ts'
import { usageResolvers } from './usage/usage.resolvers.ts'

type AssistantTypes = 'Query' | 'Message' | 'ReplyVersion' | 'Generation' | 'ReplyEnded' | 'Subscription'

export const assistantResolvers: Pick<Resolvers, AssistantTypes> = {
  Query: {
    models: (_, __, { caller, models }) => {
      viewerOf(caller)
      return [...models.all]
    },
    ...usageResolvers.Query,
  },
  Message: {
    generation: (message, _, { loaders }) => (message.role === 'ASSISTANT' ? loaders.generations.load(message) : null),
    body: (message, _, { loaders }) => (message.role === 'ASSISTANT' ? loaders.replyTexts.load(message) : message.body),
    versions: (message, _, { loaders }) =>
      message.role === 'ASSISTANT' && !message.deletedAt ? loaders.versions.load(message) : [],
  },
  ReplyVersion: {
    id: ({ id }) => encodeId('ver', id),
    body: (version, _, { loaders }) => loaders.versionTexts.load(version),
    generation: (version) => version,
  },
  Generation: {
    id: ({ id }) => encodeId('gen', id),
    text: (generation, _, { loaders }) => loaders.versionTexts.load(generation),
    // Calls are added up while it grows.
    usage: ({ finishedAt, inputTokens, outputTokens, usageIsEstimated }) =>
      finishedAt != null && inputTokens != null && outputTokens != null
        ? { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, isEstimated: usageIsEstimated ?? true }
        : null,
    error: ({ errorCode, errorMessage }) =>
      errorCode != null ? { code: errorCode, message: errorMessage ?? '' } : null,
  },
  ReplyEnded: { message: ({ messageId }, _, context) => loadVisibleMessage(messageId, context) },
  Subscription: {
    replyStream: {
      subscribe: async (_, { messageId, after }, context) => {
        const message = await visibleMessage(messageId, context)
        if (message.role !== 'ASSISTANT') throw new BadUserInputError('This message is not a reply of the assistant.')
        if (after && (after.attempt < 0 || after.offset < 0)) {
          throw new BadUserInputError('after.attempt and after.offset count from 0.')
        }
        const viewerId = viewerOf(context.caller).userId
        const access = context.streams.accesses.of(message.conversationId, viewerId)
        return followReply({ ...context.streams, message, access, after: after ?? undefined })
      },
      resolve: (event) => event,
    },
  },
}
