import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyOf, merge } from './merge.ts'

const POLLUTION = JSON.parse(`{
  "__proto__": { "polluted": true, "a": { "polluted": true } },
  "constructor": { "prototype": { "polluted": true }, "polluted": true },
  "toString": { "polluted": true },
  "prototype": { "polluted": true }
}`)

function expectNothingPolluted() {
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect((Object as unknown as Record<string, unknown>).polluted).toBeUndefined()
  expect((Object.prototype.toString as unknown as Record<string, unknown>).polluted).toBeUndefined()
}

describe('merging', () => {
  it('adds what is new and goes into what is there', () => {
    const target = { a: 1, b: { c: 1 } }
    merge(target, { b: { d: 2 }, e: [{ f: 3 }] })
    expect(target).toEqual({ a: 1, b: { c: 1, d: 2 }, e: [{ f: 3 }] })
  })

  it('merges lists of one length by index, also lists of lists, and replaces others', () => {
    const target = { same: [{ a: 1 }, null, [{ a: 1 }]], other: [{ a: 1 }] }
    merge(target, { same: [{ b: 2 }, { b: 2 }, [{ b: 2 }]], other: [{ b: 2 }, { b: 3 }] })
    expect(target).toEqual({ same: [{ a: 1, b: 2 }, { b: 2 }, [{ a: 1, b: 2 }]], other: [{ b: 2 }, { b: 3 }] })
  })

  it('replaces what is of another shape, also by null, and leaves alone what is not said', () => {
    const target = { a: { x: 1 }, b: [1], c: 'text', d: { x: 1 }, e: 1 }
    merge(target, { a: null, b: { x: 1 }, c: { x: 1 }, d: [1], e: undefined })
    expect(target).toEqual({ a: null, b: { x: 1 }, c: { x: 1 }, d: [1], e: 1 })
  })

  it.each([
    ['an object', () => ({}) as Record<string, unknown>],
    ['one without a prototype', () => Object.create(null) as Record<string, unknown>],
    ['one that has such keys', () => copyOf(POLLUTION)],
  ])('into %s never reaches a prototype', (_, create) => {
    const target = create()
    const prototype = Object.getPrototypeOf(target)
    merge(target, copyOf(POLLUTION))
    merge(target, copyOf(POLLUTION))
    expectNothingPolluted()
    expect(Object.getPrototypeOf(target)).toBe(prototype)
    expect(JSON.parse(JSON.stringify(target))).toEqual(JSON.parse(JSON.stringify(POLLUTION)))
  })
})

/** Objects with few different keys, so that they overlap; the treacherous ones are among them. */
const { tree } = fc.letrec((tie) => ({
  tree: fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString'), tie('value')), {
      maxLength: 4,
    })
    .map((entries) => JSON.parse(`{${entries.map(([key, value]) => `"${key}":${JSON.stringify(value)}`).join()}}`)),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 0, 1, 'text', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('tree'),
  ),
}))

/** The same with entries of maps, which have no prototypes. */
function modelOf(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right) && left.length === right.length) {
    return left.map((value, index) => modelOf(value, right[index]))
  }
  if (!isPlain(left) || !isPlain(right)) return right
  const merged = new Map(Object.entries(left))
  for (const [key, value] of Object.entries(right)) {
    merged.set(key, merged.has(key) ? modelOf(merged.get(key), value) : value)
  }
  return Object.fromEntries(merged)
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

describe('any two answers', () => {
  it('merge as the model says, key by key in the same order, and the second stays as it is', () => {
    fc.assert(
      fc.property(tree, tree, (target, source) => {
        const expected = JSON.stringify(modelOf(target, source))
        const before = JSON.stringify(source)
        const merged = copyOf(target) as Record<string, unknown>
        merge(merged, source as Record<string, unknown>)
        expect(JSON.stringify(merged)).toBe(expected)
        expect(JSON.stringify(source)).toBe(before)
        // One entity may be at several places, of which one has been merged already.
        merge(merged, source as Record<string, unknown>)
        expect(JSON.stringify(merged)).toBe(expected)
        expectNothingPolluted()
      }),
    )
  })

  it('are copied without anything shared', () => {
    fc.assert(
      fc.property(tree, (original) => {
        const copy = copyOf(original)
        expect(JSON.stringify(copy)).toBe(JSON.stringify(original))
        for (const object of objectsIn(copy)) expect(objectsIn(original)).not.toContain(object)
      }),
    )
  })
})

function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(objectsIn)]
}
