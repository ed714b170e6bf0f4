import { inboxDoorbellOf } from '../event-log/inbox-head.ts'
import { SweptWatch, type WatchOptions } from '../event-log/swept-watch.ts'

/** Wakes those who follow people's own lists of conversations, by how often the lists have changed. */
export class InboxWatch extends SweptWatch<number> {
  constructor({
    readVersions,
    ...options
  }: WatchOptions & {
    /** How often these people's lists have changed; those that never did may be left out. */
    readVersions: (userIds: string[]) => Promise<Map<string, number>>
  }) {
    super({
      ...options,
      topicOf: inboxDoorbellOf,
      readPositions: async (userIds) => {
        const versions = await readVersions(userIds)
        return new Map(userIds.map((userId) => [userId, versions.get(userId) ?? 0]))
      },
      complaint: 'could not read whose lists of conversations changed',
    })
  }
}
