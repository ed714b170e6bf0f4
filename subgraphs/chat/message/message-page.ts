import { decodeCursor, type PageRequest } from '../../../platform/connection.ts'

/**
 * The message number in a page's cursor; undefined without one.
 *
 * @param kind what the list calls its cursors.
 * @throws BadUserInputError when the cursor is not one of this list.
 */
export function numberInCursor(kind: string, page: PageRequest): number | undefined {
  return page.cursor === undefined ? undefined : decodeCursor(kind, page.cursor, isNumber)
}

/** A message number fits Postgres' `integer`. */
function isNumber(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31 - 1
}
