import type { EventBus } from '../../platform/event-bus/event-bus.ts'
import type { Logger } from '../../platform/logging.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { ReplyControl } from './assistant/control/reply-control.service.ts'
import { ReplyQueue } from './assistant/control/reply-queue.ts'
import { ReplyRemoval } from './assistant/control/reply-removal.ts'
import type { ReplyMetrics } from './assistant/generation/reply-metrics.ts'
import type { Models } from './assistant/model/models.ts'
import { ToolCallService } from './assistant/tools/tool-call.service.ts'
import type { Ledger } from './assistant/usage/ledger.ts'
import type { ChatServices } from './context.ts'
import { ConversationService } from './conversation/conversation.service.ts'
import type { ConversationChanges } from './conversation/conversation-change.ts'
import { MemberService } from './conversation/member.service.ts'
import type { People } from './conversation/people.ts'
import { Signals, type SignalTimes } from './live/signals.ts'
import { TypingService } from './live/typing.service.ts'
import { MessageService } from './message/message.service.ts'
import { MessageMetrics } from './message/message-metrics.ts'
import { ReactionService } from './reaction/reaction.service.ts'
import { ReadStateService } from './read-state/read-state.service.ts'

/** What answers mutations; what follows and wakes streams is put beside it by the composition root. */
export type Services = Omit<ChatServices, 'streams' | 'presence'>

/** The features of chat over the parts that they share. */
export function createServices({
  bus,
  changes,
  models,
  ledger,
  replyMetrics,
  people,
  logger,
  metrics,
  signalTimes,
}: {
  bus: EventBus
  changes: ConversationChanges
  models: Models
  ledger: Ledger
  replyMetrics?: ReplyMetrics
  people: People
  logger: Logger
  metrics?: Metrics
  signalTimes?: SignalTimes | undefined
}): Services {
  const signals = new Signals({ bus, ...(signalTimes && { times: signalTimes }) })
  const replyParts = { bus, models, ledger, ...(replyMetrics && { replyMetrics }) }
  return {
    conversations: new ConversationService({
      bus,
      people,
      models,
      changes,
      replies: new ReplyRemoval(replyParts),
      logger,
    }),
    members: new MemberService({ people, changes }),
    messages: new MessageService({
      bus,
      people,
      changes,
      responder: new ReplyQueue(replyParts),
      metrics: new MessageMetrics(metrics),
    }),
    replies: new ReplyControl({ ...replyParts, changes }),
    toolCalls: new ToolCallService({ bus }),
    reactions: new ReactionService({ changes }),
    readState: new ReadStateService({ bus, signals }),
    signals,
    typing: new TypingService({ signals }),
    models,
  }
}
