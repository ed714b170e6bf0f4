import { cursorScalar, dateTimeScalar, uuidScalar } from '../../platform/scalars.ts'
import { assistantResolvers } from './assistant/assistant.resolvers.ts'
import { controlResolvers } from './assistant/control/control.resolvers.ts'
import { toolResolvers } from './assistant/tools/tool.resolvers.ts'
import { conversationResolvers } from './conversation/conversation.resolvers.ts'
import { memberResolvers } from './conversation/member.resolvers.ts'
import { inboxResolvers } from './inbox/inbox.resolvers.ts'
import { liveResolvers } from './live/live.resolvers.ts'
import { messageResolvers } from './message/message.resolvers.ts'
import { presenceResolvers } from './presence/presence.resolvers.ts'
import { reactionResolvers } from './reaction/reaction.resolvers.ts'
import { readStateResolvers } from './read-state/read-state.resolvers.ts'
import type { Resolvers } from './resolvers.generated.ts'
import { searchResolvers } from './search/search.resolvers.ts'

/** Every feature's resolvers, put together by hand so that a reader sees who answers for what. */
export const resolvers: Resolvers = {
  ...conversationResolvers,
  ...memberResolvers,
  ...messageResolvers,
  ...reactionResolvers,
  ...readStateResolvers,
  ...searchResolvers,
  ...presenceResolvers,
  ...inboxResolvers,
  ...assistantResolvers,
  ...toolResolvers,
  ...liveResolvers,
  DateTime: dateTimeScalar,
  Cursor: cursorScalar,
  UUID: uuidScalar,
  Query: {
    ...conversationResolvers.Query,
    ...messageResolvers.Query,
    ...searchResolvers.Query,
    ...assistantResolvers.Query,
  },
  Mutation: {
    ...conversationResolvers.Mutation,
    ...memberResolvers.Mutation,
    ...messageResolvers.Mutation,
    ...reactionResolvers.Mutation,
    ...readStateResolvers.Mutation,
    ...liveResolvers.Mutation,
    ...controlResolvers.Mutation,
    ...toolResolvers.Mutation,
  },
  Conversation: {
    ...conversationResolvers.Conversation,
    ...memberResolvers.Conversation,
    ...messageResolvers.Conversation,
    ...readStateResolvers.Conversation,
  },
  Message: {
    ...messageResolvers.Message,
    ...reactionResolvers.Message,
    ...assistantResolvers.Message,
    ...toolResolvers.Message,
  },
  Subscription: {
    ...messageResolvers.Subscription,
    ...assistantResolvers.Subscription,
    ...liveResolvers.Subscription,
    ...inboxResolvers.Subscription,
    ...presenceResolvers.Subscription,
  },
}
