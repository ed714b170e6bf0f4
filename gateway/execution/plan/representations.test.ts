import type { QueryPlanSelectionNode } from '@apollo/query-planner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataRewrite } from './data-rewrites.ts'
import { NONE, Representations } from './representations.ts'
import { required, SCHEMA } from './testing/run-plan.ts'
import { TypeConditions } from './type-conditions.ts'

const conditions = new TypeConditions(SCHEMA)

function representationsOf(requires: QueryPlanSelectionNode[], objects: Record<string, unknown>[]) {
  return new Representations(requires, [], conditions).of(objects)
}

const user = (more: object) => ({ __typename: 'User', ...more })

describe('the representation of an entity', () => {
  it('is what is required and nothing else', () => {
    const { list } = representationsOf([required('User', 'id')], [user({ id: '1', name: 'Ada' })])
    expect(list).toEqual([{ __typename: 'User', id: '1' }])
  })

  it('does not exist when something is missing, the type differs or is unknown', () => {
    const objects = [user({}), { __typename: 'Note', id: '1' }, { id: '1' }, user({ id: undefined }), user({ id: '1' })]
    const { list, placeOf } = representationsOf([required('User', 'id')], objects)
    expect(list).toEqual([user({ id: '1' })])
    expect(placeOf).toEqual([NONE, NONE, NONE, NONE, 0])
  })

  it('keeps what is null, because a fetch may require just that', () => {
    expect(representationsOf([required('User', 'id', 'name')], [user({ id: '1', name: null })]).list).toEqual([
      user({ id: '1', name: null }),
    ])
  })

  it.each([
    ['an interface', 'Account', ['User', 'Bot', 'Account']],
    ['an interface of interfaces', 'Node', ['User', 'Bot', 'Note', 'Account', 'Node']],
    ['a union', 'Thing', ['User', 'Note', 'Thing']],
  ])('is asked of all that are of %s', (_, condition, types) => {
    const all = ['User', 'Bot', 'Note', 'Account', 'Node', 'Thing', 'Size', 'Unheard', ''].map((__typename) => ({
      __typename,
      id: '1',
    }))
    const { list } = representationsOf([required(condition, 'id')], all)
    expect(new Set(list.map((it) => it.__typename))).toEqual(new Set(types))
  })

  it('has what each type condition that it meets requires, as far as that is there', () => {
    const requires = [required('User', 'id'), required('Account', 'name'), required('Note', 'author')]
    const { list } = representationsOf(requires, [user({ id: '1', name: 'Ada' }), user({ id: '1' })])
    expect(list).toEqual([user({ id: '1', name: 'Ada' }), user({ id: '1' })])
  })

  it('has nested objects and lists of them, each by its own type', () => {
    const selections = [required('User', 'id'), required('Bot', 'name')]
    const author = { kind: 'Field', name: 'author', selections } as const
    const size = { kind: 'Field', name: 'size', selections: [{ kind: 'Field', name: 'width' }] } as const
    const requires = [required('Note', author, { ...size, selections: [...size.selections] })]
    const note = (more: object) => ({ __typename: 'Note', ...more })
    const { list } = representationsOf(requires, [
      note({ author: [user({ id: '1', name: 'x' }), { __typename: 'Bot', name: 'b' }], size: { width: 1, height: 2 } }),
      note({ author: null, size: [[{ width: 1 }], null, {}, 'text'] }),
    ])
    expect(list).toEqual([
      note({ author: [user({ id: '1' }), { __typename: 'Bot', name: 'b' }], size: { width: 1 } }),
      note({ author: null, size: [[{ width: 1 }], null, null, null] }),
    ])
  })

  it('may be required of any type', () => {
    const fields = ['__typename', 'id'].map((name) => ({ kind: 'Field', name }) as const)
    const { list } = representationsOf(fields, [user({ id: '1' }), { __typename: 'Bot', id: '1' }, { id: '1' }])
    expect(list).toEqual([user({ id: '1' }), { __typename: 'Bot', id: '1' }])
  })

  it('is rewritten before it is sent', () => {
    const path = ['... on User', '__typename']
    const rewrites = DataRewrite.compileAll([{ kind: 'ValueSetter', path, setValueTo: 'Account' }], conditions)
    const { list } = new Representations([required('User', 'id')], rewrites, conditions).of([user({ id: '1' })])
    expect(list).toEqual([{ __typename: 'Account', id: '1' }])
  })
})

/** Values among which mistakes of a careless key would show. */
const id = fc.constantFrom<unknown>(
  '1',
  1,
  '',
  '1:1',
  '11:',
  '3:1:1',
  null,
  true,
  'true',
  'null',
  '"1"',
  ['1'],
  [1],
  { a: 1 },
  '0:',
)

it('any entities share a representation just when theirs are the same', () => {
  const object = fc.record(
    { __typename: fc.constantFrom('User', 'Bot', 'Note'), id, name: id },
    { requiredKeys: ['id'] },
  )
  const forms = [
    [required('User', 'id', 'name')],
    [required('Account', 'id'), required('Note', 'name')],
    [required('Account', 'id', 'name'), required('Note', 'id')],
    [required('Account', 'id'), required('User', 'name')],
  ]
  fc.assert(
    fc.property(fc.constantFrom(...forms), fc.array(object, { maxLength: 12 }), (requires, objects) => {
      const representations = new Representations(requires, [], conditions)
      const alone = objects.map((it) => representations.of([it]).list.map((one) => JSON.stringify(one))[0])
      const { list, placeOf } = representations.of(objects)
      expect(placeOf.map((place) => (place === NONE ? undefined : JSON.stringify(list[place])))).toEqual(alone)
      expect(list).toHaveLength(new Set(alone.filter((it) => it !== undefined)).size)
    }),
    { numRuns: 1_000 },
  )
})
