import type { EntityManager } from '@mikro-orm/postgresql'
import { BadUserInputError } from '../../../platform/errors.ts'
import { decodeId } from '../../../platform/ids.ts'
import { PullStream } from '../event-log/pull-stream.ts'
import { readLastSeen } from './last-seen.ts'
import type { PresenceBoard } from './presence-board.ts'
import type { PresenceStatus } from './presence-rules.ts'

/** Somebody whose presence is to be told as it is when it is sent. The id is a UUID. */
export interface PresenceItem {
  readonly userId: string
  /** As far as it was known when this was read; the board may have forgotten it since. */
  readonly lastSeenAt: Date | null
}

/** What is told of somebody's presence. */
export interface ToldPresence {
  readonly status: PresenceStatus
  readonly lastSeenAt: Date | null
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
      const lastSeen = (userId: string) => board.of(userId).lastSeenAt ?? stored.get(userId) ?? null
      // Only now, so that nobody is lost when the read fails; who changes meanwhile is told as they are now.
      for (const userId of people) changed.delete(userId)
      return { items: people.map((userId) => ({ userId, lastSeenAt: lastSeen(userId) })) }
    },
    close: () => unwatch(),
  })
  const unwatch = board.watch(userIds, (userId) => {
    changed.add(userId)
    stream.ring()
  })
  return stream
}

/** Somebody's presence now, with what was known of it for who was not here for long. */
export function presenceOf(board: PresenceBoard, { userId, lastSeenAt: knownLastSeenAt }: PresenceItem): ToldPresence {
  const { status, lastSeenAt } = board.of(userId)
  return { status, lastSeenAt: lastSeenAt ?? knownLastSeenAt }
}
