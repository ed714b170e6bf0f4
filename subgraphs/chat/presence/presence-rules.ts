/** As the schema's PresenceStatus. */
export type PresenceStatus = 'ONLINE' | 'AWAY' | 'OFFLINE'

/** What one process knows of one person. Moments are milliseconds since the epoch, 0 for never. */
export interface Trace {
  /** Whether they have a stream open there. */
  readonly isOpen: boolean
  /** When they last did something there. */
  readonly activeAt: number
  /** When the last of their streams there ended. */
  readonly leftAt: number
}

/** Whether somebody can be reached, as all processes together know it. */
export interface Standing {
  readonly status: PresenceStatus
  /** When they were last here; undefined where no process remembers. */
  readonly lastSeenAt: number | undefined
  /** When this becomes another status by itself; infinite when it does not. */
  readonly until: number
}

/** Who did nothing for so long is AWAY. */
export const AWAY_AFTER_MS = 5 * 60_000

/** Who has no stream open for so long is OFFLINE: a page that reloads takes less. */
const GRACE_MS = 3_000

/** How somebody stands now, by what each process knows of them. */
export function judge(traces: Iterable<Trace>, now: number): Standing {
  let [isOpen, activeAt, leftAt] = [false, 0, 0]
  for (const trace of traces) {
    isOpen ||= trace.isOpen
    activeAt = Math.max(activeAt, trace.activeAt)
    leftAt = Math.max(leftAt, trace.leftAt)
  }
  const leavesAt = isOpen ? Number.POSITIVE_INFINITY : leftAt > 0 ? leftAt + GRACE_MS : 0
  if (now >= leavesAt) {
    return { status: 'OFFLINE', lastSeenAt: lastSeen(activeAt, leftAt), until: Number.POSITIVE_INFINITY }
  }
  const isActive = now < activeAt + AWAY_AFTER_MS
  return isActive
    ? { status: 'ONLINE', lastSeenAt: now, until: Math.min(leavesAt, activeAt + AWAY_AFTER_MS) }
    : { status: 'AWAY', lastSeenAt: activeAt, until: leavesAt }
}

/** Who left while they were AWAY was last here before that. */
function lastSeen(activeAt: number, leftAt: number): number | undefined {
  if (leftAt === 0) return undefined
  return leftAt < activeAt + AWAY_AFTER_MS ? leftAt : activeAt
}
