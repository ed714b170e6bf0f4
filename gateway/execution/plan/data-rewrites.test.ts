import type { FetchDataRewrite } from '@apollo/query-planner'
import { describe, expect, it } from 'vitest'
import { DataRewrite } from './data-rewrites.ts'
import { SCHEMA } from './testing/run-plan.ts'
import { TypeConditions } from './type-conditions.ts'

function rewritten<Value>(rewrite: FetchDataRewrite, value: Value): Value {
  for (const each of DataRewrite.compileAll([rewrite], new TypeConditions(SCHEMA))) each.apply(value)
  return JSON.parse(JSON.stringify(value))
}

const rename = (path: string, renameKeyTo = 'name'): FetchDataRewrite => ({
  kind: 'KeyRenamer',
  path: path.split('/'),
  renameKeyTo,
})

describe('a rewrite', () => {
  it('renames a key, at any depth and in every element of a list', () => {
    const value = { a: [{ b: { x: 1 } }, [{ b: { x: 2 } }], null, 'text', { b: null }, {}] }
    expect(rewritten(rename('a/b/x'), value)).toEqual({
      a: [{ b: { name: 1 } }, [{ b: { name: 2 } }], null, 'text', { b: null }, {}],
    })
  })

  it.each([0, false, '', null])('renames the key of %j too', (value) => {
    expect(rewritten(rename('x'), { x: value })).toEqual({ name: value })
  })

  it('goes on through objects of the right type, and through those that do not say theirs', () => {
    const value = [
      { __typename: 'User', x: 1 },
      { __typename: 'Note', x: 1 },
      { __typename: 'Unheard', x: 1 },
      { x: 1 },
    ]
    expect(rewritten(rename('... on Account/x'), value)).toEqual([
      { __typename: 'User', name: 1 },
      { __typename: 'Note', x: 1 },
      { __typename: 'Unheard', x: 1 },
      { name: 1 },
    ])
  })

  it('sets a value, also where there was none', () => {
    const setter: FetchDataRewrite = { kind: 'ValueSetter', path: ['a', '__typename'], setValueTo: 'Node' }
    expect(rewritten(setter, { a: [{ __typename: 'User' }, {}] })).toEqual({
      a: [{ __typename: 'Node' }, { __typename: 'Node' }],
    })
  })

  it('reaches no prototype', () => {
    rewritten(rename('__proto__/toString', 'polluted'), {})
    rewritten({ kind: 'ValueSetter', path: ['constructor', 'polluted'], setValueTo: 1 }, {})
    const object = JSON.parse('{"x":{"polluted":1}}')
    expect(Object.getPrototypeOf(rewritten(rename('x', '__proto__'), object))).toBe(Object.prototype)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect((Object as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('must end in a field', () => {
    expect(() => rewritten(rename('... on User'), {})).toThrow('must end in a field')
  })
})
