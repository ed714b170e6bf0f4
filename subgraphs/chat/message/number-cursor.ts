import { decodeCursor, type PageRequest } from '../../../platform/connection.ts'

/**
 * The place, a message number, that a page begins beyond; undefined at the list's end.
 *
 * @param kind what the list calls its cursors.
 * @throws BadUserInputError when the cursor is not one of this list.
 */
export function readNumberCursor(kind: string, { cursor }: PageRequest): readonly [number: number] | undefined {
  return cursor === undefined ? undefined : [decodeCursor(kind, cursor, isNumber)]
}

/** A message number fits Postgres' `integer`. */
function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31 - 1
}
