import { encodeCursor, readPageRequest, toConnection } from '../../../platform/connection.ts'
import { encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import { loadVisibleConversation, visibleConversation } from '../conversation/visible-conversation.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import type { Message } from './message.entity.ts'
import { readStreamStart } from './message-input.ts'
import { followMessages } from './message-stream.ts'
import { loadVisibleMessage, visibleMessage } from './visible-message.ts'

type MessageEventTypes = 'MessageAdded' | 'ReplyStarted' | 'ReplyFinished'

export const messageResolvers: Pick<
  Resolvers,
  'Query' | 'Mutation' | 'Conversation' | 'Message' | 'Subscription' | MessageEventTypes
> = {
  Query: {
    message: (_, { id }, context) => visibleMessage(id, context),
  },
  Mutation: {
    sendMessage: async (_, { input }, context) => {
      const { userId } = viewerOf(context.caller)
      const { em, loaders, messages } = context
      const conversation = await visibleConversation(input.conversationId, context)
      return withUserErrors({ message: null, reply: null }, async () => {
        const sent = await messages.send(em, userId, conversation, input)
        // The answer shows the conversation with the message in it.
        loaders.conversations.clear(conversation.id)
        loaders.lastMessages.clear(conversation)
        return sent
      })
    },
  },
  Conversation: {
    lastMessage: (conversation, _, { loaders }) => loaders.lastMessages.load(conversation),
    messages: async ({ id }, args, { em, messages }) => {
      const page = readPageRequest(args)
      const cursorOf = ({ number }: Message) => encodeCursor('message', number)
      return toConnection(page, await messages.list(em, id, page), cursorOf)
    },
  },
  Message: {
    __resolveReference: ({ id }, context) => visibleMessage(id, context),
    id: ({ id }) => encodeId('msg', id),
    conversation: ({ conversationId }, _, context) => loadVisibleConversation(conversationId, context),
    author: ({ authorId }) => (authorId == null ? null : { id: encodeId('usr', authorId) }),
    clientId: ({ authorId, clientId }, _, { caller }) => (authorId === caller.viewer?.userId ? clientId : null),
  },
  MessageAdded: { message: ({ messageId }, _, context) => loadVisibleMessage(messageId, context) },
  ReplyStarted: { message: ({ messageId }, _, context) => loadVisibleMessage(messageId, context) },
  ReplyFinished: { message: ({ messageId }, _, context) => loadVisibleMessage(messageId, context) },
  Subscription: {
    messageAdded: {
      subscribe: async (_, { conversationId, after }, context) => {
        const conversation = await visibleConversation(conversationId, context)
        return followMessages({
          ...context.streams,
          conversationId: conversation.id,
          after: readStreamStart(after, conversation.messageCount),
        })
      },
      resolve: (message) => message,
    },
  },
}
