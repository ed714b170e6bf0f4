import { doorbellOf } from './doorbell.ts'
import type { LogHead } from './event-log.ts'
import { SweptWatch, type WatchOptions } from './swept-watch.ts'

/** Wakes the followers of conversations, by the heads of their logs. */
export class ConversationWatch extends SweptWatch<LogHead> {
  constructor({
    readHeads,
    ...options
  }: WatchOptions & {
    /** Where these conversations stand now; those that are gone are left out. */
    readHeads: (conversationIds: string[]) => Promise<Map<string, LogHead>>
    /** Is told what the bus brings of each watched conversation, which may be anything, before its followers. */
    hear?: (payload: unknown) => void
  }) {
    const complaint = 'could not read the heads of watched conversations'
    super({ ...options, topicOf: doorbellOf, readPositions: readHeads, complaint })
  }
}
