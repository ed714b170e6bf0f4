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
  }) {
    const complaint = 'could not read the heads of watched conversations'
    super({ ...options, topicOf: doorbellOf, readPositions: readHeads, complaint })
  }
}
