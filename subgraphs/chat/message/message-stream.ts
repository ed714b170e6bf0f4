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
export type MessageStream = PullStream<AddedMessage> & { readonly opensAt?: number }

/**
 * Every message of a conversation with a number above `after`, in order, those of the future included. It ends with
 * NotFoundError once the viewer may not read the conversation any more.
 *
 * @throws BadUserInputError when `after` lies beyond the newest message or too far behind it.
 */
export function followMessages({ after: given, newest, ...options }: MessageStreamOptions): MessageStream {
  const after = readStreamStart(given, newest)
  const follower = new MessageFollower({ ...options, after }, () => following.hub)
  const stream = new PullStream<AddedMessage>({ read: () => follower.read(), close: () => following.leave() })
  // Following begins before the first read, so that nothing can slip in between.
  const following = options.hubs.follow(options.conversationId, { ring: () => stream.ring() })
  return given == null ? Object.assign(stream, { opensAt: after }) : stream
}
