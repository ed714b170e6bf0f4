import { decodeEventCursor } from './event-cursor.ts'
import type { LogHead } from './event-log.ts'
import { MOST_EVENTS_BEHIND } from './replay-limit.ts'

/** The sequence number to begin after, or why the cursor cannot be honoured. */
export function startAfter(cursor: string, head: LogHead): number | { readonly reason: string } {
  const position = decodeEventCursor(cursor)
  if (!position) return { reason: 'The cursor is not one of this server.' }
  if (position.epoch !== head.epoch) return { reason: 'The cursor belongs to another event log.' }
  if (position.seq > head.seq) return { reason: 'The cursor lies beyond the end of the event log.' }
  if (head.seq - position.seq > MOST_EVENTS_BEHIND) {
    return { reason: `The cursor is more than ${MOST_EVENTS_BEHIND} events behind.` }
  }
  if (position.seq < head.floor) return { reason: 'The cursor lies before the beginning of the event log.' }
  return position.seq
}
