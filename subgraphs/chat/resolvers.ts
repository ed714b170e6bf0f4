import { cursorScalar, dateTimeScalar, uuidScalar } from '../../platform/scalars.ts'
import { assistantResolvers } from './assistant/assistant.resolvers.ts'
import { conversationResolvers } from './conversation/conversation.resolvers.ts'
import { messageResolvers } from './message/message.resolvers.ts'
import type { Resolvers } from './resolvers.generated.ts'

/** Every feature's resolvers, put together by hand so that a reader sees who answers for what. */
export const resolvers: Resolvers = {
  ...conversationResolvers,
  ...messageResolvers,
  ...assistantResolvers,
  DateTime: dateTimeScalar,
  Cursor: cursorScalar,
  UUID: uuidScalar,
  Query: { ...conversationResolvers.Query, ...messageResolvers.Query, ...assistantResolvers.Query },
  Mutation: { ...conversationResolvers.Mutation, ...messageResolvers.Mutation },
  Conversation: { ...conversationResolvers.Conversation, ...messageResolvers.Conversation },
  Message: { ...messageResolvers.Message, ...assistantResolvers.Message },
  Subscription: { ...messageResolvers.Subscription, ...assistantResolvers.Subscription },
}
