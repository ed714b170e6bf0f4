import type { EntityManager } from '@mikro-orm/postgresql'
import type { Caller } from '../../platform/subgraph/caller.ts'
import { generationLoader } from './assistant/generation.loader.ts'
import type { Models } from './assistant/models.ts'
import { replyTextLoader } from './assistant/reply-text.loader.ts'
import { conversationLoader, membershipLoader } from './conversation/conversation.loader.ts'
import type { ConversationService } from './conversation/conversation.service.ts'
import type { ConversationWatch } from './event-log/conversation-watch.ts'
import { lastMessageLoader, messageLoader } from './message/message.loader.ts'
import type { MessageService } from './message/message.service.ts'

/** What lives as long as the process. */
export interface ChatServices {
  conversations: ConversationService
  messages: MessageService
  models: Models
  /** What a stream reads with and is woken by. */
  streams: { fork: () => EntityManager; watch: ConversationWatch; caughtUpAfterMs: () => number }
}

/** What a resolver may use; made anew for each operation and for each event of a subscription. */
export interface ChatContext extends ChatServices {
  caller: Caller
  em: EntityManager
  loaders: ReturnType<typeof createLoaders>
}

/** A context with an identity map and loaders of its own. */
export function createContext(services: ChatServices, caller: Caller): ChatContext {
  const em = services.streams.fork()
  return { ...services, caller, em, loaders: createLoaders(em, caller.viewer?.userId) }
}

function createLoaders(em: EntityManager, viewerId: string | undefined) {
  return {
    conversations: conversationLoader(em, viewerId),
    memberships: membershipLoader(em, viewerId),
    messages: messageLoader(em, viewerId),
    lastMessages: lastMessageLoader(em),
    generations: generationLoader(em),
    replyTexts: replyTextLoader(em),
  }
}
