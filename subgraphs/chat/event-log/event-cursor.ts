import { decodeCursor, encodeCursor } from '../../../platform/connection.ts'

/** A place in one run of a conversation's event log. */
export interface EventPosition {
  readonly epoch: string
  readonly seq: number
}

/** The opaque cursor that events carry. */
export function encodeEventCursor({ epoch, seq }: EventPosition): string {
  return encodeCursor('event', [epoch, seq])
}

/** The position inside a cursor, or null when it is not one of ours. */
export function decodeEventCursor(cursor: string): EventPosition | null {
  try {
    const [epoch, seq] = decodeCursor('event', cursor, isPosition)
    return { epoch, seq }
  } catch {
    return null
  }
}

function isPosition(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && Number.isSafeInteger(value[1]) && value[1] >= 0
}
