import { decodeId, encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import type { ReplyTextAppended } from '../assistant/text/growing-replies.ts'
import { LiveReplies } from '../assistant/text/live-replies.ts'
import { followConversation } from '../event-log/conversation-stream.ts'
import { EphemeralSources } from '../event-log/ephemeral-source.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { type ReadMarkerMoved, SignalSource, type TypingChanged } from './signal-source.ts'

type LiveTypes = 'Mutation' | 'Subscription' | 'ReadMarkerMoved' | 'TypingChanged'

export const liveResolvers: Pick<Resolvers, LiveTypes> = {
  Mutation: {
    setTyping: async (_, { input }, { caller, em, typing }) => {
      await typing.set(em, viewerOf(caller), decodeId('cnv', input.conversationId), input.isTyping)
      return { accepted: true, userErrors: [] }
    },
  },
  ReadMarkerMoved: { userId: ({ userId }) => encodeId('usr', userId) },
  TypingChanged: { userId: ({ userId }) => encodeId('usr', userId) },
  Subscription: {
    conversationEvents: {
      subscribe: async (_, { conversationId: id, after, includeReplyText }, context) => {
        const { streams, signals, caller } = context
        const { accesses, replies } = streams
        const viewerId = viewerOf(caller).userId
        const conversationId = decodeId('cnv', id)
        await accesses.require(conversationId, viewerId)
        const access = accesses.of(conversationId, viewerId)
        const ephemeral = new EphemeralSources<ReplyTextAppended | ReadMarkerMoved | TypingChanged>([
          ...(includeReplyText ? [new LiveReplies({ replies, conversationId, access })] : []),
          new SignalSource({ signals, conversationId, access }),
        ])
        return followConversation({ ...streams, conversationId, after: after ?? undefined, access, ephemeral })
      },
      resolve: (event) => event,
    },
  },
}
