import { beforeEach, describe, expect, it } from 'vitest'
import { unauthorizedError } from '../authorization/unauthorized-error.ts'
import type { Viewing } from './shared-result.ts'
import { SharedResults } from './shared-results.ts'

/** A text that leaves room for about ten of its kind, with all that is kept beside it. */
const TEXT = 'x'.repeat(1_500)
const MAX_CHARACTERS = 22_000

let time: number
let executions = 0
let results: SharedResults

beforeEach(() => {
  time = 0
  executions = 0
  results = new SharedResults({ now: () => time, maxCharacters: MAX_CHARACTERS })
})

/** Somebody who gets a result of this text. */
function viewing(text: string): Viewing {
  return {
    abandoned: new AbortController().signal,
    isLate: false,
    execute: async () => {
      executions += 1
      return { data: text }
    },
    onTheWire: () => ({ data: text as never }),
    failed: String,
  }
}

/** How many executions it takes to get the result of each event and key. */
async function executionsFor(asked: readonly { event: object; key: string }[], text = TEXT, isTimeless = false) {
  const before = executions
  for (const { event, key } of asked) {
    expect(await results.of(event, key, isTimeless).textFor(viewing(text))).toBe(JSON.stringify({ data: text }))
  }
  return executions - before
}

const differentEvents = (count: number) => Array.from({ length: count }, () => ({ event: {}, key: 'key' }))
const differentKeys = (count: number, event = {}) =>
  Array.from({ length: count }, (_, n) => ({ event, key: `key ${n}` }))

describe('results that are shared', () => {
  it('are made once, as long as there is room for them', async () => {
    const asked = [...differentEvents(5), ...differentKeys(5)]
    expect(await executionsFor(asked)).toBe(10)
    expect(await executionsFor(asked)).toBe(0)
  })

  it.each([
    ['events', differentEvents(40)],
    ['keys of one event', differentKeys(40)],
  ])('take no more room for many %s: those used longest ago are forgotten', async (_, asked) => {
    for (const isTimeless of [true, false]) {
      results = new SharedResults({ now: () => time, maxCharacters: MAX_CHARACTERS })
      expect(await executionsFor(asked, TEXT, isTimeless)).toBe(40)
      expect(await executionsFor(asked.slice(-10), TEXT, isTimeless)).toBe(0)
      expect(await executionsFor(asked.slice(0, 29), TEXT, isTimeless)).toBe(29)
    }
  })

  it('take room also when they are short', async () => {
    const asked = differentKeys(50)
    await executionsFor(asked, '')
    expect(await executionsFor(asked.slice(0, 5), '')).toBe(5)
  })

  it('that are very long are for those alone who wait already', async () => {
    const text = 'x'.repeat(MAX_CHARACTERS)
    const [one] = differentEvents(1)
    const [first, second] = [0, 1].map(() => results.of(one?.event ?? {}, 'key', true))
    expect(first).toBe(second)
    await Promise.all([first?.textFor(viewing(text)), second?.textFor(viewing(text))])
    expect(executions).toBe(1)
    expect(await executionsFor([{ event: one?.event ?? {}, key: 'key' }], text, true)).toBe(1)
  })

  it('that lack what nobody of those who share them may see are made once, and told to each in their own words', async () => {
    const denied = (id: string): Viewing => ({
      ...viewing(TEXT),
      execute: async () => {
        executions += 1
        return { data: TEXT, errors: [unauthorizedError(['a'])] }
      },
      onTheWire: ({ errors }) => ({ errors: errors?.map(() => ({ message: id })) as never }),
    })
    const result = results.of({}, 'key', true)
    const texts = await Promise.all(['1', '2', '3', '4', '5'].map((id) => result.textFor(denied(id))))
    expect(texts).toEqual(['1', '2', '3', '4', '5'].map((id) => JSON.stringify({ errors: [{ message: id }] })))
    expect(executions).toBe(1)
  })

  it('are forgotten a second later, unless they are the same at any time', async () => {
    const [fleeting, timeless] = [differentEvents(2), differentEvents(2)]
    await executionsFor(fleeting)
    await executionsFor(timeless, TEXT, true)
    time += 999
    expect(await executionsFor(fleeting)).toBe(0)
    time += 1
    expect(await executionsFor(fleeting)).toBe(2)
    expect(await executionsFor(timeless, TEXT, true)).toBe(0)
  })

  it('give way when they are stale before others do that were used longer ago', async () => {
    const [old, fresh, more] = [differentEvents(4), differentEvents(5), differentEvents(5)]
    await executionsFor(old)
    time += 500
    await executionsFor(fresh)
    expect(await executionsFor(old)).toBe(0)
    time += 500
    await executionsFor(more)
    expect(await executionsFor([...fresh, ...more])).toBe(0)
  })
})
