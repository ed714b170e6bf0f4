import type { SourceStream } from '../../../platform/subgraph/source-stream.ts'
import type { ConversationHubs } from '../event-log/conversation-hubs.ts'
import { PullStream } from '../event-log/pull-stream.ts'
import { type AddedMessage, MessageFollower, type MessageFollowerOptions } from './message-follower.ts'
import { readStreamStart } from './message-input.ts'

export interface MessageStreamOptions extends Omit<MessageFollowerOptions, 'after'> {
  hubs: ConversationHubs
  /** The number to begin after; null for the newest one. */
  after: number | null | undefined
  /** The number of the newest message. */
  newest: number
}

/** It tells where it begins, because a client that gave no number learns of none before the first message. */
export type MessageStream = PullStream<AddedMessage> & Pick<SourceStream<AddedMessage>, 'mayStill' | 'opensAt'>

/**
 * Every message of a conversation with a number above `after`, in order, those of the future included. It ends with
 * NotFoundError once the viewer may not read the conversation any more, and with BadUserInputError when the log began anew
 * and the numbers may stand for other messages than before.
 *
 * @throws BadUserInputError when `after` lies beyond the newest message or too far behind it.
 */
export function followMessages({ after: given, newest, ...options }: MessageStreamOptions): MessageStream {
  const after = readStreamStart(given, newest)
  const follower = new MessageFollower({ ...options, after }, () => following.hub)
  const stream = new PullStream<AddedMessage>({ read: () => follower.read(), close: () => following.leave() })
  // Following begins before the first read, so that nothing can slip in between.
  const following = options.hubs.follow(options.conversationId, { ring: () => stream.ring() })
  return Object.assign(stream, {
    mayStill: () => options.access.mayRead(),
    ...(given == null && { opensAt: after }),
  })
}
