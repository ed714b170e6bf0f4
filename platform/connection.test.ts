import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ConnectionArguments, decodeCursor, encodeCursor, readPageRequest, toConnection } from './connection.ts'
import { BadUserInputError } from './errors.ts'

const isNumber = (value: unknown): value is number => typeof value === 'number'
const cursorOf = (row: number) => encodeCursor('row', row)

/** A page of an ascending list, read as a loader reads it: beyond the cursor, one row more than the page holds. */
function pageOf(list: readonly number[], args: ConnectionArguments) {
  const page = readPageRequest(args)
  const from = page.cursor === undefined ? undefined : decodeCursor('row', page.cursor, isNumber)
  const inOrder = page.direction === 'forward' ? list : list.toReversed()
  const beyond = inOrder.filter((row) => from === undefined || (page.direction === 'forward' ? row > from : row < from))
  return toConnection(page, beyond.slice(0, page.size + 1), cursorOf)
}

describe('the arguments of a connection', () => {
  it.each<[args: ConnectionArguments, size: number, direction: string]>([
    [{}, 50, 'forward'],
    [{ first: null, after: null, last: null, before: null }, 50, 'forward'],
    [{ first: 1 }, 1, 'forward'],
    [{ first: 100, after: 'c' }, 100, 'forward'],
    [{ after: 'c' }, 50, 'forward'],
    [{ last: 7 }, 7, 'backward'],
    [{ before: 'c' }, 50, 'backward'],
  ])('%j ask for %i rows %s', (args, size, direction) => {
    expect(readPageRequest(args)).toMatchObject({ size, direction })
  })

  it.each<[args: ConnectionArguments, message: string]>([
    [{ first: 0 }, 'first must be from 1 to 100; it was 0.'],
    [{ first: 101 }, 'first must be from 1 to 100; it was 101.'],
    [{ last: -1 }, 'last must be from 1 to 100; it was -1.'],
    [{ first: 1, last: 1 }, 'Give first and after, or last and before, not both directions.'],
    [{ after: 'c', before: 'c' }, 'Give first and after, or last and before, not both directions.'],
  ])('%j are refused', (args, message) => {
    expect(() => readPageRequest(args)).toThrow(new BadUserInputError(message))
  })
})

describe('the pages of a list', () => {
  const list = fc.uniqueArray(fc.nat(10_000), { maxLength: 60 }).map((rows) => rows.toSorted((a, b) => a - b))
  const size = fc.integer({ min: 1, max: 20 })

  it('read forward, one after the other, are the whole list', () => {
    fc.assert(
      fc.property(list, size, (rows, first) => {
        const read: number[] = []
        let after: string | null = null
        for (let more = true; more; ) {
          const page: ReturnType<typeof pageOf> = pageOf(rows, { first, after })
          read.push(...page.nodes)
          after = page.pageInfo.endCursor
          more = page.pageInfo.hasNextPage
        }
        expect(read).toEqual(rows)
      }),
    )
  })

  it('read backward are the whole list too, each in the order of the list', () => {
    fc.assert(
      fc.property(list, size, (rows, last) => {
        const read: number[] = []
        let before: string | null = null
        for (let more = true; more; ) {
          const page: ReturnType<typeof pageOf> = pageOf(rows, { last, before })
          expect(page.nodes).toEqual(page.nodes.toSorted((a, b) => a - b))
          read.unshift(...page.nodes)
          before = page.pageInfo.startCursor
          more = page.pageInfo.hasPreviousPage
        }
        expect(read).toEqual(rows)
      }),
    )
  })

  it('tell their edges, and nothing of an empty list', () => {
    expect(pageOf([], {})).toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    })
    const { edges, pageInfo } = pageOf([1, 2, 3], { first: 2 })
    expect(edges).toEqual([
      { cursor: cursorOf(1), node: 1 },
      { cursor: cursorOf(2), node: 2 },
    ])
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: cursorOf(1),
      endCursor: cursorOf(2),
    })
  })
})

describe('a cursor', () => {
  it('gives back what is in it', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(decodeCursor('row', encodeCursor('row', value), isNumber)).toBe(value)
      }),
    )
  })

  it.each<[what: string, cursor: string]>([
    ['of another list', encodeCursor('member', 1)],
    ['with something else in it', encodeCursor('row', 'one')],
    ['that is empty', ''],
    ['that is no base64', '!!!'],
    ['that is no JSON', Buffer.from('nope').toString('base64url')],
    ['that is JSON of another shape', Buffer.from('{"row":1}').toString('base64url')],
    ['that is null', Buffer.from('null').toString('base64url')],
    ['that was cut', encodeCursor('row', 123_456).slice(0, -4)],
  ])('%s is refused', (_what, cursor) => {
    expect(() => decodeCursor('row', cursor, isNumber)).toThrow(BadUserInputError)
  })

  it('is refused whatever else it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeCursor('row', text, isNumber)).toThrow(BadUserInputError)
      }),
    )
  })
})
