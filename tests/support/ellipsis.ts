import { isDeepStrictEqual } from 'node:util'
import type { Json } from './readme.ts'

const ELLIPSIS = '…'
/** What a document abbreviates to its prefix: `usr_…`, `eyJ…`. */
const ABBREVIATED = /^(?:[a-z]{3}_|eyJ)…$/

/** Compares what came with what a document says, in which `…` stands for any text, and remembers what was abbreviated. */
export class Ellipsis {
  readonly #given = new Map<string, string>()

  /** Whether `actual` is what `expected` describes. */
  matches(actual: unknown, expected: Json): boolean {
    if (typeof expected === 'string') return this.#matchesText(actual, expected)
    if (typeof expected !== 'object' || expected === null) return Object.is(actual, expected)
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual) !== Array.isArray(expected)) return false
    const [actualValues, expectedValues] = [new Map(Object.entries(actual)), Object.entries(expected)]
    return (
      isDeepStrictEqual(new Set(actualValues.keys()), new Set(expectedValues.map(([key]) => key))) &&
      expectedValues.every(([key, value]) => this.matches(actualValues.get(key), value))
    )
  }

  /** The value that was last given for an abbreviation. */
  valueOf(abbreviation: string): string {
    const value = this.#given.get(abbreviation)
    if (value === undefined) throw new Error(`No answer so far gave a value for "${abbreviation}".`)
    return value
  }

  /** The same with every abbreviation written out. */
  complete(json: Json): Json {
    if (typeof json === 'string') return ABBREVIATED.test(json) ? this.valueOf(json) : json
    if (Array.isArray(json)) return json.map((item: Json) => this.complete(item))
    if (typeof json !== 'object' || json === null) return json
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, this.complete(value)]))
  }

  #matchesText(actual: unknown, expected: string): boolean {
    if (typeof actual !== 'string') return false
    const parts = expected.split(ELLIPSIS).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    if (!new RegExp(`^${parts.join('[\\s\\S]*')}$`).test(actual)) return false
    if (ABBREVIATED.test(expected)) this.#given.set(expected, actual)
    return true
  }
}
