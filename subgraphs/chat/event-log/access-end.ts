import type { ConversationEvent, DurableEvent } from './durable-event.ts'

/** Who follows, and whether they still may. Another feature knows the rule. */
export interface ReadAccess {
  readonly viewerId: string
  /** Asks the database, now. */
  mayRead(): Promise<boolean>
}

/**
 * Why a viewer may be told nothing of these events: the conversation was deleted, or they were removed from it and may
 * not read it any more. The events' content cannot be loaded then, and a cursor beyond them would hide them from who is
 * added again.
 */
export async function endIn(
  events: readonly DurableEvent[],
  { viewerId, mayRead }: ReadAccess,
): Promise<ConversationEvent | 'revoked' | undefined> {
  const deletion = events.find((event) => event.__typename === 'ConversationDeleted')
  if (deletion) return deletion as ConversationEvent
  const isRemoved = events.some((event) => event.__typename === 'MemberRemoved' && event.userId === viewerId)
  // They may have been added again since, or the conversation is open to everybody.
  return isRemoved && !(await mayRead()) ? 'revoked' : undefined
}
