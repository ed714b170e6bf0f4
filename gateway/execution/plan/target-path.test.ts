import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ResponsePath, TargetPath } from './target-path.ts'

function targetsOf(path: string, data: unknown) {
  const targets = new TargetPath(path === '' ? [] : path.split('.')).targetsIn(data as Record<string, unknown>)
  return targets.objects.map((object, target) => [targets.pathOf(target).join('.'), object])
}

const [A, B, C] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]

describe('the targets of a path', () => {
  it('are the object itself when it leads nowhere', () => {
    expect(targetsOf('', A)).toEqual([['', A]])
  })

  it('are each where they are, in lists and lists of lists', () => {
    expect(targetsOf('x.y', { x: { y: A } })).toEqual([['x.y', A]])
    expect(targetsOf('x.@.y', { x: [{ y: A }, { y: B }] })).toEqual([
      ['x.0.y', A],
      ['x.1.y', B],
    ])
    expect(targetsOf('x.@.@.y.@', { x: [[{ y: [A] }], [], [{ y: [] }, { y: [B, C] }]] })).toEqual([
      ['x.0.0.y.0', A],
      ['x.2.1.y.0', B],
      ['x.2.1.y.1', C],
    ])
  })

  it('keep their places where something before them is null or missing', () => {
    expect(targetsOf('x.@.y', { x: [null, { y: null }, {}, { y: A }] })).toEqual([['x.3.y', A]])
    expect(targetsOf('x.y', { x: null })).toEqual([])
  })

  it('are none where the data is not of the shape of the path', () => {
    for (const x of [1, 'text', { y: A }, [1, 'text', [A]], [{ y: [A] }, { y: 'text' }]]) {
      expect(targetsOf('x.@.y', { x })).toEqual([])
    }
    expect(targetsOf('x.y', { x: [{ y: A }] })).toEqual([])
  })

  it('are nothing that objects inherit', () => {
    for (const key of ['__proto__', 'constructor', 'toString']) expect(targetsOf(key, {})).toEqual([])
    expect(targetsOf('__proto__', JSON.parse('{"__proto__":{"id":"a"}}'))).toEqual([['__proto__', A]])
  })

  it('can be picked, and keep their places', () => {
    const targets = new TargetPath(['x', '@', '@']).targetsIn({ x: [[A], [B, C]] })
    const picked = targets.pick([2, 0])
    expect(picked.objects).toEqual([C, A])
    expect([0, 1].map((target) => picked.pathOf(target))).toEqual([
      ['x', 1, 1],
      ['x', 0, 0],
    ])
  })
})

/** Data through which a path leads, but for a hole here and there. */
function dataAlong([key, ...rest]: readonly string[]): fc.Arbitrary<unknown> {
  if (key === undefined) return fc.record({ id: fc.nat(9) })
  const next = dataAlong(rest)
  const right = key === '@' ? fc.array(next, { maxLength: 3 }) : fc.record({ [key]: next })
  const wrong = fc.constantFrom<unknown>(null, 'text', [], {}, [{ x: {} }], { x: {}, y: [{}] })
  return fc.oneof({ arbitrary: right, weight: 8 }, { arbitrary: wrong, weight: 1 })
}

const path = fc.array(fc.constantFrom('x', 'y', '@'), { maxLength: 5 }).map((keys) => ['x', ...keys])
const pathAndData = path.chain((keys) => fc.tuple(fc.constant(keys), dataAlong(keys)))

/** All paths of an object, in the order of the data. */
function allPaths(data: unknown, path: ResponsePath = []): ResponsePath[] {
  if (typeof data !== 'object' || data === null) return []
  const below = Object.entries(data).flatMap(([key, it]) => allPaths(it, [...path, Array.isArray(data) ? +key : key]))
  return Array.isArray(data) ? below : [path, ...below]
}

/** A path as a plan has it. */
function planned(path: ResponsePath): string[] {
  return path.map((key) => (typeof key === 'number' ? '@' : key))
}

it('finds in any data just the objects at paths that match, each under its own path', () => {
  let deep = 0
  fc.assert(
    fc.property(pathAndData, ([wanted, data]) => {
      fc.pre(typeof data === 'object' && data !== null && !Array.isArray(data))
      const matching = allPaths(data).filter((it) => planned(it).join() === wanted.join())
      const targets = new TargetPath(wanted).targetsIn(data as Record<string, unknown>)
      expect(targets.objects.map((_, target) => targets.pathOf(target))).toEqual(matching)
      for (const [target, found] of targets.objects.entries()) {
        const there = targets.pathOf(target).reduce<unknown>((at, key) => (at as never)[key], data)
        expect(there).toBe(found)
      }
      if (matching.length > 1 && wanted.length > 2) deep += 1
    }),
    { numRuns: 2_000 },
  )
  expect(deep).toBeGreaterThan(20)
})
