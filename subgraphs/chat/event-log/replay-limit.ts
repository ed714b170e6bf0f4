/**
 * Most events that a cursor may lie behind the head of its log, to be replayed. A client further behind reads the
 * conversation anew, which is cheaper for both sides; so nothing that lies further back is kept for long.
 */
export const MOST_EVENTS_BEHIND = 1_000
