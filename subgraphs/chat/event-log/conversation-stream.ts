import { ConversationFollower, type Draining, type FollowerOptions, type StreamItem } from './conversation-follower.ts'
import type { ConversationHubs } from './conversation-hubs.ts'
import { PullStream } from './pull-stream.ts'
import { restingBell } from './resting-bell.ts'

export interface FollowOptions<Ephemeral> extends FollowerOptions<Ephemeral> {
  hubs: ConversationHubs
  /** A UUID. */
  conversationId: string
  /** How long a silent stream waits before it says CaughtUp. */
  caughtUpAfterMs: () => number
}

/** Signals are looked at no more often than this; a person does not see the difference. Replies rest in the hub. */
const EPHEMERAL_REST_MS = 250

/**
 * Everything that happens in a conversation: the events after the cursor, then CaughtUp, then live. A cursor that
 * cannot be honoured yields Reset and live from there, never a part of what was missed; so does a log that began anew
 * meanwhile. It ends with ConversationDeleted, with AccessRevoked when the viewer was removed and may not read any more,
 * and with NotFoundError when the conversation is gone altogether or could not be read from the beginning.
 */
export function followConversation<Ephemeral>(options: FollowOptions<Ephemeral>) {
  const onReset = () => options.hubs.metrics.reset()
  const follower = new ConversationFollower({ ...options, onReset }, () => following.hub)
  const stream = new PullStream<StreamItem<Ephemeral>>({
    read: () => follower.read(),
    close: () => {
      following.leave()
      closeEphemeral()
      bell.stop()
    },
    idle: { afterMs: options.caughtUpAfterMs, item: () => follower.caughtUp() },
  })
  const ring = () => stream.ring()
  // Following begins before the first read, so that nothing can slip in between.
  const following = options.hubs.follow(options.conversationId, {
    ring,
    ringBeside: ring,
    isLive: () => follower.isLive(),
  })
  const bell = restingBell(EPHEMERAL_REST_MS, ring)
  const closeEphemeral = options.ephemeral.open(bell.ring)
  return Object.assign(stream, {
    // What flows beside the log says all of itself, and was given only because its viewer could read it just then.
    mayStill: async ({ cursor }: { readonly cursor: string | null }) => cursor === null || options.access.mayRead(),
    drainingEvent: (reconnectWithinMs: number): Draining => ({
      __typename: 'Draining',
      cursor: null,
      reconnectWithinMs,
    }),
  })
}
