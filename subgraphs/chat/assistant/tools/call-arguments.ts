import { parseQuietly } from '../../../../platform/parse-quietly.ts'

/** How long the JSON of a call's arguments may be, in UTF-16 code units. */
export const LONGEST_ARGUMENTS = 16_000

/** What a model wrote as arguments; models that have nothing to say leave them empty. Null: it is no JSON object. */
export function readArguments(text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {}
  if (text.length > LONGEST_ARGUMENTS) return null
  const read = parseQuietly(text)
  return isObject(read) ? read : null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
