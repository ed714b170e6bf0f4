import { encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { loadVisibleConversation } from '../conversation/visible-conversation.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import { followInbox } from './inbox-stream.ts'

type InboxEventTypes = 'InboxConversationChanged' | 'InboxConversationRemoved'

export const inboxResolvers: Pick<Resolvers, 'Subscription' | InboxEventTypes> = {
  InboxConversationChanged: {
    conversationId: ({ conversationId }) => encodeId('cnv', conversationId),
    conversation: ({ conversationId }, _, context) => loadVisibleConversation(conversationId, context),
  },
  InboxConversationRemoved: {
    conversationId: ({ conversationId }) => encodeId('cnv', conversationId),
  },
  Subscription: {
    inbox: {
      subscribe: (_, __, { caller, streams }) =>
        followInbox({ ...streams, userId: viewerOf(caller).userId, resumed: caller.resumed }),
      // A conversation may go between the moment at which it was read and the one at which it is sent.
      resolve: async (event, _, { loaders }) => {
        const item = await event
        const { __typename, conversationId } = item
        if (__typename === 'InboxConversationRemoved') return item
        const conversation = await loaders.conversations.load(conversationId)
        return conversation ? item : { __typename: 'InboxConversationRemoved', conversationId }
      },
    },
  },
}
