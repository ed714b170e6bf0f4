import { decodeCursor, encodeCursor, type PageRequest } from '../../../platform/connection.ts'
import { isUuid } from '../../../platform/ids.ts'

/** A place in a list that is ordered by a moment (ISO 8601, milliseconds) and, within one, by a UUID. */
export type MomentPosition = readonly [moment: string, id: string]

/** An opaque cursor of a list that is ordered so; `kind` names the list. */
export function encodeMomentCursor(kind: string, moment: Date, id: string): string {
  return encodeCursor(kind, [moment.toISOString(), id])
}

/**
 * The place that a page begins beyond; undefined at the list's end.
 *
 * @throws BadUserInputError for a cursor of another list.
 */
export function readMomentCursor(kind: string, { cursor }: PageRequest): MomentPosition | undefined {
  return cursor === undefined ? undefined : decodeCursor(kind, cursor, isMomentPosition)
}

function isMomentPosition(value: unknown): value is MomentPosition {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [moment, id] = value
  return typeof moment === 'string' && isMoment(moment) && isUuid(id)
}

/** Whether a cursor of ours may hold it: much that Date reads, Postgres refuses. */
function isMoment(text: string): boolean {
  const date = new Date(text)
  return /^[1-9]\d{3}-/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString() === text
}
