import type { EntityManager } from '@mikro-orm/postgresql'
import { BadUserInputError } from '../../../platform/errors.ts'
import { decodeId } from '../../../platform/ids.ts'
import { PullStream } from '../event-log/pull-stream.ts'
import { readLastSeen } from './last-seen.ts'
import type { PresenceBoard } from './presence-board.ts'
import type { PresenceStatus } from './presence-rules.ts'

/** Somebody's presence at the moment it was read. The id is a UUID. */
export interface PresenceItem {
  readonly userId: string
  readonly presence: { readonly status: PresenceStatus; readonly lastSeenAt: Date | null }
}

const MOST_PEOPLE = 100

/**
 * The UUIDs of the people whose presence is asked for, each once.
 *
 * @throws BadUserInputError when there are none, more than 100, or something else among them.
 */
export function readPeople(ids: readonly string[]): string[] {
  if (ids.length < 1 || ids.length > MOST_PEOPLE) {
    throw new BadUserInputError(`"userIds" takes 1 to ${MOST_PEOPLE} ids.`)
  }
  return [...new Set(ids.map((id) => decodeId('usr', id)))]
}

/** The presence of these people, then whoever's changes; of several changes in a row the latest. */
export function followPresence(options: {
  /** A new entity manager for each read. */
  fork: () => EntityManager
  board: PresenceBoard
  userIds: readonly string[]
}): PullStream<PresenceItem> {
  const { fork, board, userIds } = options
  const changed = new Set(userIds)
  const stream = new PullStream<PresenceItem>({
    async read() {
      const people = [...changed]
      const unknown = people.filter((userId) => board.of(userId).lastSeenAt === undefined)
      const stored = await readLastSeen(fork(), unknown)
      // Only now, so that nobody is lost when the read fails; who changes meanwhile is told as they are now.
      for (const userId of people) changed.delete(userId)
      return { items: people.map((userId) => itemOf(board, userId, stored.get(userId) ?? null)) }
    },
    close: () => unwatch(),
  })
  const unwatch = board.watch(userIds, (userId) => {
    changed.add(userId)
    stream.ring()
  })
  return stream
}

/** Somebody's presence now, with what is stored for who was not here for long. */
export function itemOf(board: PresenceBoard, userId: string, storedLastSeenAt: Date | null): PresenceItem {
  const { status, lastSeenAt } = board.of(userId)
  return { userId, presence: { status, lastSeenAt: lastSeenAt ?? storedLastSeenAt } }
}
