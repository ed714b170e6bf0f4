import { describe, expect, it } from 'vitest'
import { unauthorizedErrors } from './unauthorized-paths.ts'

type Path = (string | number)[]

const pathsOf = (data: unknown, met: Path[], positions: string[][]) =>
  unauthorizedErrors(data, met, positions).map(({ path }) => path)

describe('the errors of what may not be seen', () => {
  it.each<[what: string, data: unknown, met: Path[], positions: string[][], paths: Path[]]>([
    ['are where it was met', { a: { b: null } }, [['a', 'b']], [['a', 'b']], [['a', 'b']]],
    [
      'are told once',
      { a: null },
      [['a'], ['a']],
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
      [['a']],
    ],
    ['are not told where it is not selected of an object', { a: [{ x: 1 }] }, [], [['a', 'b']], []],
    ['are not told of other elements', { a: [{ b: null }, null] }, [['a', 0, 'b']], [['a', 'b']], [['a', 0, 'b']]],
    ['are not told of nulls beside an object of another type', { a: [null, { x: 1 }] }, [], [['a', 'b']], []],
    ['are where the first of nothing but nulls is', { a: [null, null] }, [], [['a', 'b']], [['a', 0]]],
    ['are where a list is empty, also in a list', { a: [[], []] }, [], [['a', 'b']], [['a', 0]]],
    ['are at the root where there are no data', null, [], [['a', 'b'], ['c']], [['a'], ['c']]],
    ['are of names that every object inherits', { toString: null }, [], [['toString', 'b']], [['toString']]],
    ['are not of names that it inherits alone', {}, [], [['constructor', 'b']], []],
  ])('%s', (_what, data, met, positions, paths) => {
    expect(pathsOf(data, met, positions)).toEqual(paths)
  })
})
