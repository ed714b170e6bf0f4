import type { FetchDataKeyRenamer } from '@apollo/query-planner'
import { describe, expect, it } from 'vitest'
import { ContextArguments } from './context-arguments.ts'
import { TargetPath } from './target-path.ts'
import { SCHEMA } from './testing/run-plan.ts'
import { TypeConditions } from './type-conditions.ts'

function partitioned(rewrites: FetchDataKeyRenamer[], path: string, data: Record<string, unknown>) {
  const context = new ContextArguments(rewrites, new TypeConditions(SCHEMA))
  const parts = context.partition(new TargetPath(path.split('.')).targetsIn(data), data)
  return parts.map(({ targets, values }) => ({
    values,
    paths: targets.objects.map((_, target) => targets.pathOf(target).join('.')),
  }))
}

const from = (path: string, renameKeyTo = 'arg'): FetchDataKeyRenamer => ({
  kind: 'KeyRenamer',
  path: path.split('/'),
  renameKeyTo,
})

describe('an argument from a context', () => {
  it('is taken from the field above, whatever lists are on the way, and parts the entities by its value', () => {
    const list = (locale: string) => ({ __typename: 'User', locale, notes: [[{ id: '1' }], [{ id: '2' }, null]] })
    const data = { users: [list('de'), list('en'), list('de')] }
    expect(partitioned([from('../... on User/locale')], 'users.@.notes.@.@', data)).toEqual([
      {
        values: { arg: 'de' },
        paths: ['users.0.notes.0.0', 'users.0.notes.1.0', 'users.2.notes.0.0', 'users.2.notes.1.0'],
      },
      { values: { arg: 'en' }, paths: ['users.1.notes.0.0', 'users.1.notes.1.0'] },
    ])
  })

  it('is taken from two fields above, and out of an object there', () => {
    const data = { me: { __typename: 'User', size: { width: 3 }, note: { author: { id: '1' } } } }
    expect(partitioned([from('../../size/width')], 'me.note.author', data)).toEqual([
      { values: { arg: 3 }, paths: ['me.note.author'] },
    ])
  })

  it('is taken from what is of the right type, be it null', () => {
    const data = {
      things: [
        { __typename: 'User', a: null, b: 2, x: {} },
        { __typename: 'Bot', a: 1, b: 2, x: {} },
      ],
    }
    const rewrites = [from('../... on User/a'), from('../... on Bot/b')]
    expect(partitioned(rewrites, 'things.@.x', data)).toEqual([
      { values: { arg: null }, paths: ['things.0.x'] },
      { values: { arg: 2 }, paths: ['things.1.x'] },
    ])
  })

  it('is left out when there is none', () => {
    expect(partitioned([from('../../../nothing')], 'a.b', { a: { b: {} } })).toEqual([{ values: {}, paths: ['a.b'] }])
  })
})
