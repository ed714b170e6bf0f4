import { readPageRequest, toConnection } from '../../../platform/connection.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import { forgetLoaded } from '../context.ts'
import { encodeEventCursor } from '../event-log/event-cursor.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import type { Conversation } from './conversation.entity.ts'
import { respondWithConversation } from './conversation-payload.ts'
import { encodeMomentCursor } from './moment-cursor.ts'
import { loadVisibleConversation, visibleConversation } from './visible-conversation.ts'

type ConversationEventTypes = 'ConversationUpdated' | 'ConversationDeleted'

const cursorOf = ({ lastActivityAt, id }: Conversation) => encodeMomentCursor('conversation', lastActivityAt, id)

export const conversationResolvers: Pick<Resolvers, 'Query' | 'Mutation' | 'Conversation' | ConversationEventTypes> = {
  Query: {
    conversation: (_, { id }, context) => visibleConversation(id, context),
    conversations: async (_, { kind, ...args }, { caller, em, conversations }) => {
      const { userId } = viewerOf(caller)
      const page = readPageRequest(args)
      return toConnection(page, await conversations.list(em, userId, page, kind), cursorOf)
    },
  },
  Mutation: {
    createConversation: (_, { input }, context) => {
      const { userId } = viewerOf(context.caller)
      return withUserErrors({ conversation: null }, async () => {
        const conversation = await context.conversations.create(context.em, userId, input)
        forgetLoaded(context)
        return { conversation }
      })
    },
    updateConversation: (_, { input }, context) =>
      respondWithConversation(input, context, (...change) => context.conversations.update(...change, input)),
    deleteConversation: async (_, { input }, context) => {
      const viewer = viewerOf(context.caller)
      const id = decodeId('cnv', input.conversationId)
      await context.conversations.delete(context.em, viewer, id)
      forgetLoaded(context)
      return { deletedConversationId: encodeId('cnv', id), userErrors: [] }
    },
  },
  Conversation: {
    __resolveReference: ({ id }, context) => visibleConversation(id, context),
    id: ({ id }) => encodeId('cnv', id),
    cursor: ({ epoch, eventSeq }) => encodeEventCursor({ epoch, seq: eventSeq }),
  },
  ConversationUpdated: {
    conversation: ({ conversationId }, _, context) => loadVisibleConversation(conversationId, context),
  },
  ConversationDeleted: { conversationId: ({ conversationId }) => encodeId('cnv', conversationId) },
}
