import type { DeferNode, PlanNode } from '@apollo/query-planner'
import { describe, expect, it } from 'vitest'
import { compilePlan } from './compiled-plan.ts'
import { Deferral } from './deferral.ts'
import { contextWith, ENTITIES, fetch, flatten, required, SCHEMA } from './testing/run-plan.ts'
import { entities, type Script, ScriptedSource } from './testing/scripted-source.ts'

/** Of one operation. */
const MAX_FETCHES = 16

type Deferred = DeferNode['deferred'][number]

const users = (path: string, more = {}) =>
  flatten(path, fetch('users', ENTITIES, { requires: [required('User', 'id')], ...more }))
const part = (label: string, depends: string[], node?: PlanNode): Deferred => ({
  label,
  depends: depends.map((id) => ({ id })),
  queryPath: [],
  ...(node && { node }),
})
const defer = (node: PlanNode | undefined, ...deferred: Deferred[]): PlanNode => ({
  kind: 'Defer',
  primary: { ...(node && { node }) },
  deferred,
})
const user = (id: string) => ({ __typename: 'User', id })
const named = entities(({ id }) => ({ name: `Name of ${id}` }))

function start(node: PlanNode, scripts: Record<string, Script>, variables = {}) {
  const plan = compilePlan({ joinedSchema: SCHEMA }, { kind: 'QueryPlan', node }, {})
  const sources = new Map(Object.entries(scripts).map(([name, script]) => [name, new ScriptedSource(name, script)]))
  const run = {
    data: {} as Record<string, unknown>,
    errors: [] as unknown[],
    deferral: new Deferral(),
    context: contextWith(new AbortController().signal),
    event: undefined,
    variables,
    sources,
  }
  return { ...run, primary: plan.run(run) }
}

describe('a plan with deferred parts', () => {
  it('has its primary part before a deferred one that is slow', async () => {
    const gate = Promise.withResolvers<void>()
    const { primary, deferral, data } = start(defer(fetch('a', '{me}', { id: '0' }), part('0', ['0'], users('me'))), {
      a: () => ({ data: { me: user('1') } }),
      users: async (request) => {
        await gate.promise
        return named(request)
      },
    })
    await primary
    expect(data).toEqual({ me: user('1') })
    gate.resolve()
    expect(await deferral.workFor('0')).toEqual({ errors: [] })
    expect(data).toEqual({ me: { ...user('1'), name: 'Name of 1' } })
  })

  it('begins a part when what it depends on is there, before the rest is', async () => {
    const gate = Promise.withResolvers<void>()
    const node: PlanNode = { kind: 'Parallel', nodes: [fetch('a', '{me}', { id: '0' }), fetch('slow', '{you}')] }
    const { primary, deferral, data } = start(defer(node, part('0', ['0'], users('me'))), {
      a: () => ({ data: { me: user('1') } }),
      users: named,
      slow: async () => {
        await gate.promise
        return { data: { you: user('2') } }
      },
    })
    await expect.poll(() => data).toEqual({ me: { ...user('1'), name: 'Name of 1' } })
    gate.resolve()
    await primary
    await deferral.workFor('0')
  })

  it('keeps what fails in a part apart, and goes on with the parts in it', async () => {
    const inner = part('1', ['1'], fetch('b', '{late}'))
    const outer = part('0', ['0'], defer(users('me', { id: '1' }), inner))
    const run = start(defer(fetch('a', '{me}', { id: '0' }), outer), {
      a: () => ({ data: { me: user('1') } }),
      users: () => Promise.reject(new Error('is away')),
      b: () => ({ data: { late: 1 } }),
    })
    await run.primary
    expect(await run.deferral.workFor('0')).toMatchObject({ errors: [{ message: 'is away', path: ['me'] }] })
    expect(await run.deferral.workFor('1')).toEqual({ errors: [] })
    expect([run.errors, run.data.late]).toEqual([[], 1])
  })

  it('does not wait for what a condition leaves out or the data have nothing for', async () => {
    const left: PlanNode = { kind: 'Condition', condition: 'x', ifClause: fetch('a', '{me}', { id: '0' }) }
    const nothing = users('nobody', { id: '1' })
    const run = start(
      defer({ kind: 'Sequence', nodes: [left, nothing] }, part('0', ['0', '1'], fetch('a', '{me}'))),
      {
        a: () => ({ data: { me: user('1') } }),
        users: named,
      },
      { x: false },
    )
    await run.primary
    expect(await run.deferral.workFor('0')).toEqual({ errors: [] })
    expect(run.data).toEqual({ me: user('1') })
  })

  it('depends on nothing that there is not, and has nothing to wait for in a part without fetches', async () => {
    const run = start(defer(undefined, part('0', ['7'], fetch('a', '{me}')), part('1', [])), {
      a: () => ({ data: { me: user('1') } }),
    })
    await run.primary
    for (const label of ['0', '1', 'unknown']) expect(await run.deferral.workFor(label)).toEqual({ errors: [] })
    expect(run.data).toEqual({ me: user('1') })
  })

  it('replaces nothing by what a part fetches again', async () => {
    const run = start(defer(fetch('a', '{me list}', { id: '0' }), part('0', ['0'], fetch('b', '{me list}'))), {
      a: () => ({ data: { me: user('1'), list: [{ id: '1' }, null], none: null } }),
      b: () => ({ data: { me: null, list: [{ id: '2', more: 1 }, { id: '3' }], none: { id: '4' } } }),
    })
    await run.primary
    await run.deferral.workFor('0')
    expect(run.data).toEqual({ me: user('1'), list: [{ id: '1', more: 1 }, { id: '3' }], none: { id: '4' } })
  })

  it('learns with a part what an object is of which the interface is known', async () => {
    const typed = entities(() => ({ __typename: 'User' }))
    const node = flatten('me', fetch('users', ENTITIES, { requires: [required('Node', 'id')] }))
    const run = start(defer(fetch('a', '{me}', { id: '0' }), part('0', ['0'], node)), {
      a: () => ({ data: { me: { __typename: 'Node', id: '1' } } }),
      users: typed,
    })
    await run.primary
    await run.deferral.workFor('0')
    expect(run.data).toEqual({ me: { __typename: 'User', id: '1' } })
  })

  it('asks once for what several parts fetch', async () => {
    const run = start(
      defer(fetch('a', '{me}', { id: '0' }), part('0', ['0'], users('me')), part('1', ['0'], users('me'))),
      { a: () => ({ data: { me: user('1') } }), users: named },
    )
    await run.primary
    await Promise.all(['0', '1'].map((label) => run.deferral.workFor(label)))
    expect(run.sources.get('users')?.requests).toHaveLength(1)
  })

  it('has no more fetches under way at once than any other', async () => {
    const gate = Promise.withResolvers<void>()
    const parts = Array.from({ length: MAX_FETCHES + 4 }, (_, index) => part(`${index}`, [], fetch('a', `{f${index}}`)))
    const run = start(defer(undefined, ...parts), {
      a: async () => {
        await gate.promise
        return { data: {} }
      },
    })
    await run.primary
    await expect.poll(() => run.sources.get('a')?.requests.length).toBe(MAX_FETCHES)
    gate.resolve()
    await Promise.all(parts.map(({ label = '' }) => run.deferral.workFor(label)))
    expect(run.sources.get('a')?.requests).toHaveLength(MAX_FETCHES + 4)
  })
})
