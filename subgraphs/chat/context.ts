import type { EntityManager } from '@mikro-orm/postgresql'
import type { Caller } from '../../platform/subgraph/caller.ts'
import type { ReplyControl } from './assistant/control/reply-control.service.ts'
import { generationLoader, versionsLoader } from './assistant/generation/generation.loader.ts'
import type { Models } from './assistant/model/models.ts'
import type { GrowingReplies } from './assistant/text/growing-replies.ts'
import { replyTextLoader, versionTextLoader } from './assistant/text/reply-text.loader.ts'
import { toolCallLoader } from './assistant/tools/tool-call.loader.ts'
import type { ToolCallService } from './assistant/tools/tool-call.service.ts'
import { conversationLoader, membershipLoader } from './conversation/conversation.loader.ts'
import type { ConversationService } from './conversation/conversation.service.ts'
import { memberPageLoader } from './conversation/member.loader.ts'
import type { MemberService } from './conversation/member.service.ts'
import type { ReadAccesses } from './conversation/read-access.ts'
import type { ConversationHubs } from './event-log/conversation-hubs.ts'
import type { ConversationWatch } from './event-log/conversation-watch.ts'
import type { InboxWatch } from './inbox/inbox-watch.ts'
import type { Signals } from './live/signals.ts'
import type { TypingService } from './live/typing.service.ts'
import { messageLoader } from './message/message.loader.ts'
import type { MessageService } from './message/message.service.ts'
import {
  editsLoader,
  mentionsLoader,
  messageByNumberLoader,
  replyCountLoader,
} from './message/message-fields.loader.ts'
import { messagePageLoader, repliesLoader } from './message/message-page.loader.ts'
import { lastSeenLoader } from './presence/last-seen.ts'
import type { PresenceBoard } from './presence/presence-board.ts'
import { reactionLoader } from './reaction/reaction.loader.ts'
import type { ReactionService } from './reaction/reaction.service.ts'
import type { ReadStateService } from './read-state/read-state.service.ts'
import { unreadLoader } from './read-state/unread.loader.ts'

/** What lives as long as the process. */
export interface ChatServices {
  conversations: ConversationService
  members: MemberService
  messages: MessageService
  replies: ReplyControl
  toolCalls: ToolCallService
  reactions: ReactionService
  readState: ReadStateService
  signals: Signals
  typing: TypingService
  models: Models
  presence: PresenceBoard
  /** What a stream reads with and is woken by. */
  streams: {
    fork: () => EntityManager
    watch: ConversationWatch
    hubs: ConversationHubs
    inboxes: InboxWatch
    accesses: ReadAccesses
    replies: GrowingReplies
    caughtUpAfterMs: () => number
  }
}

/** What a resolver may use; made anew for each operation and for each event of a subscription. */
export interface ChatContext extends ChatServices {
  caller: Caller
  em: EntityManager
  loaders: ReturnType<typeof createLoaders>
}

/** A context with an identity map and loaders of its own; most events of a stream need neither, so they are made when asked for. */
export function createContext(services: ChatServices, caller: Caller): ChatContext {
  let em: EntityManager | undefined
  let loaders: ChatContext['loaders'] | undefined
  return {
    ...services,
    caller,
    get em() {
      em ??= services.streams.fork()
      return em
    },
    get loaders() {
      loaders ??= createLoaders(this.em, caller.viewer?.userId)
      return loaders
    },
  }
}

/**
 * Has everything that is asked for next read anew. Every mutation calls it when it has changed something, so that its
 * answer, and the mutations behind it in the same operation, show what is true then.
 */
export function forgetLoaded({ loaders }: Pick<ChatContext, 'loaders'>): void {
  for (const loader of Object.values(loaders)) loader.clearAll()
}

function createLoaders(em: EntityManager, viewerId: string | undefined) {
  return {
    conversations: conversationLoader(em, viewerId),
    memberships: membershipLoader(em, viewerId),
    memberPages: memberPageLoader(em, viewerId),
    messages: messageLoader(em, viewerId),
    messagePages: messagePageLoader(em, viewerId),
    messagesByNumber: messageByNumberLoader(em, viewerId),
    replies: repliesLoader(em, viewerId),
    replyCounts: replyCountLoader(em),
    edits: editsLoader(em),
    mentions: mentionsLoader(em),
    generations: generationLoader(em),
    versions: versionsLoader(em),
    replyTexts: replyTextLoader(em),
    versionTexts: versionTextLoader(em),
    toolCalls: toolCallLoader(em),
    reactions: reactionLoader(em, viewerId),
    lastSeen: lastSeenLoader(em),
    unread: unreadLoader(em, viewerId),
  }
}
