import { openDatabase } from '../../platform/database.ts'
import type { Logger } from '../../platform/logging.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { Generation } from './assistant/generation/generation.entity.ts'
import { ToolCall } from './assistant/tools/tool-call.entity.ts'
import { Conversation } from './conversation/conversation.entity.ts'
import { Member } from './conversation/member.entity.ts'
import { DeletionProgress } from './departure/deletion-progress.entity.ts'
import { Message } from './message/message.entity.ts'
import { MessageEdit } from './message/message-edit.entity.ts'
import { ConversationsAndReplies } from './migrations/001-conversations-and-replies.ts'
import { AppliedDeletions } from './migrations/002-applied-deletions.ts'
import { WholeConversations } from './migrations/003-whole-conversations.ts'
import { Search } from './migrations/004-search.ts'
import { EventRetention } from './migrations/005-event-retention.ts'
import { DurableReplies } from './migrations/006-durable-replies.ts'
import { ReplyOrigin } from './migrations/007-reply-origin.ts'

/** Opens the Postgres schema `chat`, migrated to the newest version. */
export function openChatDatabase(url: string, logger: Logger, metrics?: Metrics) {
  return openDatabase({
    url,
    schema: 'chat',
    entities: [Conversation, Member, Message, MessageEdit, Generation, ToolCall, DeletionProgress],
    migrations: [
      { name: '001-conversations-and-replies', class: ConversationsAndReplies },
      { name: '002-applied-deletions', class: AppliedDeletions },
      { name: '003-whole-conversations', class: WholeConversations },
      { name: '004-search', class: Search },
      { name: '005-event-retention', class: EventRetention },
      { name: '006-durable-replies', class: DurableReplies },
      { name: '007-reply-origin', class: ReplyOrigin },
    ],
    logger,
    metrics,
  })
}
