import type { FetchNode, PlanNode } from '@apollo/query-planner'
import { describe, expect, it } from 'vitest'
import { SubgraphUnavailableError } from '../../../platform/errors.ts'
import { ForwardedError } from '../../../platform/graphql-errors.ts'
import { compilePlan } from './compiled-plan.ts'
import { ENTITIES, fetch, flatten, required, runPlan, SCHEMA } from './testing/run-plan.ts'
import { entities } from './testing/scripted-source.ts'

const user = (id: string, more: object = {}) => ({ __typename: 'User', id, ...more })
const named = entities(({ id }) => ({ name: `Name of ${id}` }))
const users = (path: string, more = {}) =>
  flatten(path, fetch('users', ENTITIES, { requires: [required('User', 'id')], ...more }))
const sequence = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Sequence', nodes })
const parallel = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Parallel', nodes })
const answers = (data: Record<string, unknown>) => () => ({ data: structuredClone(data) })

describe('a plan', () => {
  it('that is empty fetches nothing', async () => {
    const errors: unknown[] = []
    const run = { data: {}, errors, variables: {}, sources: new Map(), event: undefined }
    await compilePlan({ joinedSchema: SCHEMA }, { kind: 'QueryPlan' }, {}).run({ ...run, context: {} as never })
    expect(run).toMatchObject({ data: {}, errors: [] })
  })

  it('merges what subgraphs answer, in whichever order they do', async () => {
    const later = Promise.withResolvers<void>()
    const plan = parallel(fetch('a', '{me{id}}'), fetch('b', '{me{name}}'))
    const { data } = await runPlan(plan, {
      a: async () => {
        await later.promise
        return { data: { me: { id: '1' } } }
      },
      b: () => {
        later.resolve()
        return { data: { me: { name: 'Ada' } } }
      },
    })
    expect(data).toEqual({ me: { id: '1', name: 'Ada' } })
  })

  it('asks for entities once each, and gives each to all of its places', async () => {
    const notes = { notes: [{ author: user('1') }, { author: null }, { author: user('2') }, { author: user('1') }] }
    const plan = sequence(fetch('notes', '{notes{author{__typename id}}}'), users('notes.@.author'))
    const { data, sources } = await runPlan(plan, { notes: answers(notes), users: named })
    expect(sources.get('users')?.requests).toEqual([
      { query: ENTITIES, operationName: undefined, variables: {}, representations: [user('1'), user('2')] },
    ])
    const [one, two] = ['1', '2'].map((id) => ({ author: user(id, { name: `Name of ${id}` }) }))
    expect(data).toEqual({ notes: [one, { author: null }, two, one] })
  })

  it('asks for nothing when there is nothing to ask for', async () => {
    const plan = sequence(fetch('notes', '{…}'), parallel(users('notes.@'), users('me'), users('nobody.x')))
    const data = { notes: [{ __typename: 'Note', id: '1' }], me: user('1', { id: undefined }), nobody: null }
    expect((await runPlan(plan, { notes: answers(data), users: named })).sources.get('users')?.requests).toEqual([])
  })

  it('leaves entities alone that a subgraph does not know, or answers in a shape of its own', async () => {
    const data = { users: ['1', '2', '3', '4'].map((id) => user(id)) }
    const odd = [null, 'text', [{ name: 'x' }], { name: 'Ada' }]
    const plan = sequence(fetch('notes', '{…}'), users('users.@'))
    const ran = await runPlan(plan, { notes: answers(data), users: () => ({ data: { _entities: odd } }) })
    expect(ran.data).toEqual({ users: [user('1'), user('2'), user('3'), user('4', { name: 'Ada' })] })
  })

  it('keeps the type of an entity for which a subgraph knows its interface only', async () => {
    const data = { nodes: [user('1'), { __typename: 'Account', id: '2' }, user('3')] }
    const types = ['Account', 'Bot', 'User']
    const requires = [required('Account', 'id')]
    const ran = await runPlan(sequence(fetch('a', '{…}'), flatten('nodes.@', fetch('b', ENTITIES, { requires }))), {
      a: answers(data),
      b: () => ({ data: { _entities: types.map((__typename) => ({ __typename })) } }),
    })
    expect(ran.data).toEqual({ nodes: [user('1'), { __typename: 'Bot', id: '2' }, user('3')] })
  })

  it('gives each fetch the variables that it takes and that the client gave', async () => {
    const plan = fetch('a', 'query($x:Int,$y:Int,$z:Int){…}', { operationName: 'Q', variableUsages: ['x', 'y', 'z'] })
    const { sources } = await runPlan(plan, { a: answers({}) }, { variables: { x: null, y: 2, other: 3 } })
    expect(sources.get('a')?.requests).toMatchObject([{ operationName: 'Q', variables: { x: null, y: 2 } }])
    expect(sources.get('a')?.requests[0]?.variables).not.toHaveProperty('z')
  })

  it('begins again at a root type at every target', async () => {
    const plan = sequence(fetch('a', '{…}'), flatten('notes.@', fetch('b', '{me{name}}')))
    const { data } = await runPlan(plan, { a: answers({ notes: [{}, {}] }), b: answers({ me: { name: 'Ada' } }) })
    expect(data).toEqual({ notes: [{ me: { name: 'Ada' } }, { me: { name: 'Ada' } }] })
  })

  it('renames what a subgraph answers under another key', async () => {
    const outputRewrites = [
      { kind: 'KeyRenamer', path: ['... on User', 'name__alias_0'], renameKeyTo: 'name' },
    ] as const
    const node = users('notes.@.author', { outputRewrites: [...outputRewrites] })
    const data = { notes: [{ author: user('1') }, { author: { __typename: 'User', id: '2' } }] }
    const renamed = { name: 'a', name__alias_0: 'b' }
    const error = new ForwardedError({ code: 'E', message: 'No.', path: ['_entities', 1, 'name__alias_0'] })
    const ran = await runPlan(sequence(fetch('notes', '{…}'), node), {
      notes: answers(data),
      users: () => ({ data: { _entities: [{ ...renamed }, { ...renamed }] }, errors: [error] }),
    })
    expect(JSON.parse(JSON.stringify(ran.data))).toEqual({
      notes: [{ author: user('1', { name: 'b' }) }, { author: user('2', { name: 'b' }) }],
    })
    expect(ran.errors).toEqual([{ message: 'No.', code: 'E', path: ['notes', 1, 'author', 'name'] }])
  })

  it('asks once for each value that an argument has from its context', async () => {
    const contextRewrites = [{ kind: 'KeyRenamer', path: ['..', 'locale'], renameKeyTo: 'arg' }] as const
    const node = users('notes.@.author', { contextRewrites: [...contextRewrites], variableUsages: ['arg', 'x'] })
    const notes = ['de', 'en', 'de', undefined].map((locale, id) => ({ locale, author: user(String(id)) }))
    const { sources } = await runPlan(
      sequence(fetch('notes', '{…}'), node),
      { notes: answers({ notes }), users: named },
      { variables: { arg: 'of the client', x: 1 } },
    )
    expect(sources.get('users')?.requests).toMatchObject([
      { variables: { arg: 'de', x: 1 }, representations: [user('0'), user('2')] },
      { variables: { arg: 'en', x: 1 }, representations: [user('1')] },
      { variables: { x: 1 }, representations: [user('3')] },
    ])
    expect(sources.get('users')?.requests[2]?.variables).not.toHaveProperty('arg')
  })

  it('whose variables have a name of the graph is refused', () => {
    const node = users('me', { variableUsages: ['representations'] })
    const compile = () => compilePlan({ joinedSchema: SCHEMA }, { kind: 'QueryPlan', node }, {})
    expect(compile).toThrow('Rename the variable')
  })
})

describe('a condition', () => {
  const plan: PlanNode = {
    kind: 'Condition',
    condition: 'x',
    ifClause: fetch('a', '{a}'),
    elseClause: fetch('b', '{b}'),
  }
  const scripts = { a: answers({ is: 'a' }), b: answers({ is: 'b' }) }
  const source = 'query($x: Boolean! = true) { me { id } }'

  it('is what the variable says, or its default', async () => {
    expect((await runPlan(plan, scripts, { variables: { x: true } })).data).toEqual({ is: 'a' })
    expect((await runPlan(plan, scripts, { variables: { x: false }, source })).data).toEqual({ is: 'b' })
    expect((await runPlan(plan, scripts, { source })).data).toEqual({ is: 'a' })
    expect(
      (await runPlan({ ...plan, elseClause: undefined } as never, scripts, { variables: { x: false } })).data,
    ).toEqual({})
  })

  it('fetches nothing when it is neither true nor false', async () => {
    const { data, errors } = await runPlan(plan, scripts, { variables: { x: null }, source })
    expect({ data, errors }).toEqual({ data: {}, errors: [{ message: 'The variable $x has to be a Boolean.' }] })
  })
})

describe('an event', () => {
  const primary = fetch('notes', 'subscription{noteAdded{author{__typename id}}}')
  const event = () => ({ data: { noteAdded: { author: user('1') } } })

  it('takes the place of the primary fetch, is completed, and stays as it was', async () => {
    const shared = event()
    const plan = { kind: 'Subscription', primary, rest: users('noteAdded.author') } as const
    for (const _ of [1, 2]) {
      const { data } = await runPlan(plan, { users: named }, { event: shared })
      expect(data).toEqual({ noteAdded: { author: user('1', { name: 'Name of 1' }) } })
    }
    expect(shared).toEqual(event())
  })

  it('keeps its errors, and is not rewritten itself', async () => {
    const outputRewrites: FetchNode['outputRewrites'] = [{ kind: 'KeyRenamer', path: ['x'], renameKeyTo: 'noteAdded' }]
    const plan = { kind: 'Subscription', primary: { ...primary, outputRewrites } } as const
    const errors = [new ForwardedError({ code: 'E', message: 'No.', path: ['x', 'author'] })]
    const shared = { data: { x: null }, errors }
    const ran = await runPlan(plan, {}, { event: shared })
    expect(ran.errors).toEqual([{ message: 'No.', code: 'E', path: ['noteAdded', 'author'] }])
    expect(ran.data).toMatchObject({ noteAdded: null })
    expect(shared).toEqual({ data: { x: null }, errors })
  })

  it('is needed', async () => {
    const { errors } = await runPlan({ kind: 'Subscription', primary }, {})
    expect(errors).toEqual([{ message: 'A subscription is run for an event.' }])
  })
})

describe('an error of a subgraph', () => {
  const notes = answers({
    notes: [{ author: null }, { author: user('1') }, { author: user('2') }, { author: user('1') }],
  })
  const plan = sequence(fetch('notes', '{…}'), users('notes.@.author'))
  const error = (path?: (string | number)[]) => new ForwardedError({ code: 'E', message: 'No.', path })

  async function errorsOf(...errors: ForwardedError[]) {
    const ran = await runPlan(plan, { notes, users: () => ({ data: null, errors }) })
    return ran.errors.map(({ path }) => path)
  }

  it('is told at each place of its entity', async () => {
    expect(await errorsOf(error(['_entities', 0, 'name']), error(['_entities', 1]))).toEqual([
      ['notes', 1, 'author', 'name'],
      ['notes', 3, 'author', 'name'],
      ['notes', 2, 'author'],
    ])
  })

  it('has no path when it is of no entity that was asked for', async () => {
    const errors = [error(), error(['_entities']), error(['_entities', 7]), error(['_entities', -1]), error(['x', 'y'])]
    expect(await errorsOf(...errors)).toEqual(errors.map(() => undefined))
  })

  it('has the path of every place that a root fetch adds to', async () => {
    const root = sequence(fetch('notes', '{…}'), flatten('notes.@', fetch('b', '{me{name}}')))
    const errors = [error(['me']), error()]
    const ran = await runPlan(root, { notes: answers({ notes: [{}, {}] }), b: () => ({ data: null, errors }) })
    expect(ran.errors.map(({ path }) => path)).toEqual([['notes', 0, 'me'], ['notes', 1, 'me'], undefined])
    const top = await runPlan(fetch('b', '{me{name}}'), { b: () => ({ data: null, errors }) })
    expect(top.errors.map(({ path }) => path)).toEqual([['me'], undefined])
  })

  it('is one of a thousand at most, and then one says that there are more', async () => {
    const many = Array.from({ length: 700 }, (_, index) => user(String(index % 10)))
    const errors = Array.from({ length: 1_000 }, (_, index) => error(['_entities', index % 10]))
    const everything = sequence(
      fetch('notes', '{…}'),
      parallel(users('users.@'), flatten('users.@', fetch('b', '{…}'))),
    )
    const ran = await runPlan(everything, {
      notes: answers({ users: many }),
      users: () => ({ data: null, errors }),
      b: () => ({ data: null, errors }),
    })
    expect(ran.errors).toHaveLength(1_001)
    expect(ran.errors.at(-1)).toMatchObject({ code: 'OPERATION_TOO_EXPENSIVE' })
  })
})

describe('a fetch that fails', () => {
  const gone = () => Promise.reject(new SubgraphUnavailableError('users'))
  const failed = { message: expect.stringContaining('does not answer'), code: 'SUBGRAPH_UNAVAILABLE' }

  it('leaves the others alone, and is told with its path where that leads to one field', async () => {
    const data = { me: user('1'), users: [user('1')] }
    const plan = sequence(fetch('notes', '{…}'), parallel(users('me'), users('users.@'), fetch('users', '{x}')))
    const ran = await runPlan(plan, { notes: answers(data), users: gone })
    expect(ran.data).toEqual(data)
    expect(ran.errors).toHaveLength(3)
    expect(ran.errors).toEqual(expect.arrayContaining([{ ...failed, path: ['me'] }, failed, failed]))
  })

  it('is also one of a subgraph that does not exist, or that throws at once', async () => {
    const plan = parallel(fetch('nowhere', '{x}'), fetch('a', '{x}'), fetch('b', '{b}'))
    const ran = await runPlan(plan, {
      a: () => {
        throw 'no error'
      },
      b: answers({ b: 1 }),
    })
    expect(ran.data).toEqual({ b: 1 })
    expect(ran.errors.map(({ message }) => message).sort()).toEqual([
      'There is no source for the subgraph nowhere.',
      'no error',
    ])
  })

  it('is one whose answer cannot be merged', async () => {
    const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
    const plan = sequence(fetch('a', '{x}'), fetch('b', '{x}'), fetch('c', '{c}'))
    const deep = nested(20_000)
    const ran = await runPlan(plan, {
      a: () => ({ data: deep }),
      b: () => ({ data: nested(20_000) }),
      c: answers({ c: 1 }),
    })
    expect(ran.data.c).toBe(1)
    expect(ran.errors).toMatchObject([{ message: 'Maximum call stack size exceeded' }])
  })
})
