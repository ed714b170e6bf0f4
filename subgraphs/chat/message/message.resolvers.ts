import { encodeCursor, readPageRequest, toConnection } from '../../../platform/connection.ts'
import { decodeId, encodeId } from '../../../platform/ids.ts'
import { viewerOf } from '../../../platform/subgraph/caller.ts'
import { withUserErrors } from '../../../platform/user-fault.ts'
import { type ChatContext, forgetLoaded } from '../context.ts'
import { userReference } from '../conversation/user-reference.ts'
import { loadVisibleConversation, visibleConversation } from '../conversation/visible-conversation.ts'
import type { Resolvers } from '../resolvers.generated.ts'
import type { Message } from './message.entity.ts'
import type { AddedMessage } from './message-follower.ts'
import { followMessages } from './message-stream.ts'
import { readNumberCursor } from './number-cursor.ts'
import { type MessageDeed, mayWithMessage } from './policy.ts'
import { loadVisibleMessage, visibleMessage } from './visible-message.ts'

type MessageEventTypes =
  | 'MessageAdded'
  | 'MessageEdited'
  | 'MessageDeleted'
  | 'ReactionsChanged'
  | 'ReplyStarted'
  | 'ReplyFinished'

const messageOfEvent = {
  message: ({ messageId }: { messageId: string }, _: unknown, context: ChatContext) =>
    loadVisibleMessage(messageId, context),
}

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
      const { em, messages } = context
      const conversation = await visibleConversation(input.conversationId, context)
      const replyToId = input.replyToId == null ? null : decodeId('msg', input.replyToId)
      return withUserErrors({ message: null, reply: null }, async () => {
        const sent = await messages.send(em, userId, conversation, { ...input, replyToId })
        context.signals.setTyping(conversation.id, userId, false)
        forgetLoaded(context)
        return sent
      })
    },
    editMessage: (_, { input }, context) => {
      const viewer = viewerOf(context.caller)
      const id = decodeId('msg', input.messageId)
      return withUserErrors({ message: null }, async () => {
        const regenerate = input.regenerate ?? false
        const message = await context.messages.edit(context.em, viewer, id, input.body, { regenerate })
        forgetLoaded(context)
        return { message }
      })
    },
    deleteMessage: (_, { input }, context) => {
      const viewer = viewerOf(context.caller)
      const id = decodeId('msg', input.messageId)
      return withUserErrors({ message: null }, async () => {
        const message = await context.messages.delete(context.em, viewer, id)
        forgetLoaded(context)
        return { message }
      })
    },
  },
  Conversation: {
    // Numbers have no gaps, so the newest one is their count.
    lastMessage: ({ id, messageCount }, _, { loaders }) =>
      loaders.messagesByNumber.load({ conversationId: id, number: messageCount }),
    messages: async ({ id }, args, { loaders }) => {
      const page = readPageRequest(args)
      const cursorOf = ({ number }: Message) => encodeCursor('message', number)
      const request = { conversationId: id, ...page, position: readNumberCursor('message', page) }
      return toConnection(page, await loaders.messagePages.load(request), cursorOf)
    },
  },
  Message: {
    __resolveReference: ({ id }, context) => visibleMessage(id, context),
    id: ({ id }) => encodeId('msg', id),
    conversation: ({ conversationId }, _, context) => loadVisibleConversation(conversationId, context),
    author: ({ authorId }) => userReference(authorId),
    clientId: ({ authorId, clientId }, _, { caller }) => (authorId === caller.viewer?.userId ? clientId : null),
    edits: (message, _, { loaders }) => (message.editedAt && !message.deletedAt ? loaders.edits.load(message) : []),
    replyTo: ({ conversationId, replyTo }, _, { loaders }) =>
      replyTo == null ? null : loaders.messagesByNumber.load({ conversationId, number: replyTo }),
    replies: async ({ conversationId, number }, args, { loaders }) => {
      const page = readPageRequest(args)
      const cursorOf = ({ number }: Message) => encodeCursor('reply', number)
      const request = { conversationId, number, ...page, position: readNumberCursor('reply', page) }
      return toConnection(page, await loaders.replies.load(request), cursorOf)
    },
    replyCount: (message, _, { loaders }) => loaders.replyCounts.load(message),
    mentions: async (message, _, { loaders }) =>
      (await loaders.mentions.load(message)).map((userId) => userReference(userId)),
    viewerCanEdit: (message, _, context) =>
      message.deletedAt ? false : viewerMay('change the message', message, context),
    viewerCanDelete: (message, _, context) => viewerMay('delete the message', message, context),
  },
  MessageAdded: messageOfEvent,
  MessageEdited: messageOfEvent,
  MessageDeleted: {
    messageId: ({ messageId }) => encodeId('msg', messageId),
    number: async ({ messageId }, _, context) => (await loadVisibleMessage(messageId, context)).number,
  },
  ReactionsChanged: messageOfEvent,
  ReplyStarted: messageOfEvent,
  ReplyFinished: messageOfEvent,
  Subscription: {
    messageAdded: {
      subscribe: async (_, { conversationId: id, after }, { streams, caller }) => {
        const viewerId = viewerOf(caller).userId
        const conversationId = decodeId('cnv', id)
        const { messageCount: newest } = await streams.accesses.require(conversationId, viewerId)
        const access = streams.accesses.of(conversationId, viewerId)
        // The generated types know of no stream whose events only become the field's value in `resolve`.
        return followMessages({ ...streams, conversationId, access, after, newest }) as AsyncIterable<unknown> as never
      },
      // Much may have happened since the event, to the message and to the viewer.
      resolve: async (event, _, context) =>
        loadVisibleMessage(((await event) as unknown as AddedMessage).messageId, context),
    },
  },
}

async function viewerMay(deed: MessageDeed, message: Message, { caller, loaders }: ChatContext): Promise<boolean> {
  const { viewer } = caller
  if (!viewer) return false
  const { conversationId, answersId } = message
  const [membership, question] = await Promise.all([
    loaders.memberships.load(conversationId),
    answersId == null ? null : loaders.messages.load(answersId),
  ])
  return mayWithMessage({ viewer, message, role: membership?.role ?? null, askerId: question?.authorId ?? null }, deed)
}
