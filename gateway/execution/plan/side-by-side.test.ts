import type { FetchNode, PlanNode } from '@apollo/query-planner'
import { describe, expect, it } from 'vitest'
import { ApplicationError } from '../../../platform/errors.ts'
import { ForwardedError } from '../../../platform/graphql-errors.ts'
import { ENTITIES, fetch, flatten, required, runPlan } from './testing/run-plan.ts'
import { entities } from './testing/scripted-source.ts'

const user = (id: string) => ({ __typename: 'User', id })
const users = (path: string, more: Partial<FetchNode> = {}) =>
  flatten(path, fetch('users', ENTITIES, { requires: [required('User', 'id')], ...more }))
const parallel = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Parallel', nodes })
const sequence = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Sequence', nodes })
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('identical fetches of one operation', () => {
  const people = () => ({ data: { me: user('1'), you: user('1'), them: [user('1'), user('2')] } })
  const sized = entities(({ id }) => ({ size: { of: id } }))

  async function asked(...nodes: PlanNode[]) {
    const ran = await runPlan(sequence(fetch('people', '{…}'), ...nodes), { people, users: sized })
    return { ...ran, count: ran.sources.get('users')?.requests.length }
  }

  it('are one request, whatever their operations are named, at once or one after the other', async () => {
    const namedOperation = (name: string) => ({
      operation: ENTITIES.replace('query', `query ${name}`),
      operationName: name,
    })
    const [me, you] = [users('me', namedOperation('Q__users__1')), users('you', namedOperation('Q__users__2'))]
    for (const nodes of [[parallel(me, you)], [me, you]]) {
      const { data, count } = await asked(...nodes)
      expect(count).toBe(1)
      expect(data).toMatchObject({ me: { size: { of: '1' } }, you: { size: { of: '1' } } })
    }
  })

  it('share no object of the answer: what is added at one place later does not show at the other', async () => {
    const add = (path: string, to: string) =>
      flatten(
        path,
        fetch('more', `{${to}}`, { outputRewrites: [{ kind: 'KeyRenamer', path: ['x'], renameKeyTo: to }] }),
      )
    const nodes = [users('me'), users('you'), add('me.size', 'width'), add('you.size', 'height')]
    const { data } = await runPlan(sequence(fetch('people', '{…}'), ...nodes), {
      people,
      users: sized,
      more: () => ({ data: { x: 1 } }),
    })
    expect(data).toMatchObject({ me: { size: { of: '1', width: 1 } }, you: { size: { of: '1', height: 1 } } })
    expect(data.me).not.toHaveProperty('size.height')
    expect(data.you).not.toHaveProperty('size.width')
  })

  it('fail together', async () => {
    const away = () => Promise.reject(new ApplicationError('SUBGRAPH_UNAVAILABLE', 'Away.'))
    const { errors, sources } = await runPlan(sequence(fetch('people', '{…}'), parallel(users('me'), users('you'))), {
      people,
      users: away,
    })
    expect(errors.map(({ path }) => path)).toEqual([['me'], ['you']])
    expect(sources.get('users')?.requests).toHaveLength(1)
  })

  it('have the errors of the one answer each at its own place', async () => {
    const error = new ForwardedError({ code: 'E', message: 'No.', path: ['_entities', 0, 'size'] })
    const { errors } = await runPlan(sequence(fetch('people', '{…}'), parallel(users('me'), users('you'))), {
      people,
      users: () => ({ data: { _entities: [null] }, errors: [error] }),
    })
    expect(errors.map(({ path }) => path)).toEqual([
      ['me', 'size'],
      ['you', 'size'],
    ])
  })

  it('are not those for other entities or with another text', async () => {
    expect((await asked(users('me'), users('them.@'))).count).toBe(2)
    expect((await asked(users('me'), users('you', { operation: `${ENTITIES} ` }))).count).toBe(2)
    const inputRewrites: FetchNode['inputRewrites'] = [{ kind: 'ValueSetter', path: ['id'], setValueTo: '2' }]
    expect((await asked(users('me'), users('you', { inputRewrites }))).count).toBe(2)
  })

  it('are made each on its own when they are mutations', async () => {
    const mutation = fetch('a', 'mutation{x}', { operationKind: 'mutation' as never })
    const { sources } = await runPlan(sequence(mutation, mutation), { a: () => ({ data: {} }) })
    expect(sources.get('a')?.requests).toHaveLength(2)
  })

  it('are asked again after a mutation between them, which may have changed what they answer', async () => {
    let name = 'old'
    const mutation = (key: string) => fetch('chat', `mutation{${key}}`, { operationKind: 'mutation' as never })
    const rename = fetch('users', 'mutation{rename}', { operationKind: 'mutation' as never })
    const { data } = await runPlan(sequence(mutation('a'), users('a'), rename, mutation('b'), users('b')), {
      chat: ({ query }) => ({ data: { [query.slice(9, 10)]: user('1') } }),
      users: (request) => {
        if (request.representations) return entities(() => ({ name }))(request)
        name = 'new'
        return { data: { rename: true } }
      },
    })
    expect(data).toMatchObject({ a: { name: 'old' }, b: { name: 'new' } })
  })

  it('are one request after the only mutation', async () => {
    const mutation = fetch('people', 'mutation{…}', { operationKind: 'mutation' as never })
    const { sources } = await runPlan(sequence(mutation, parallel(users('me'), users('you'))), { people, users: sized })
    expect(sources.get('users')?.requests).toHaveLength(1)
  })
})

describe('fetches that require the same of the same entities', () => {
  const error = new ForwardedError({ code: 'E', message: 'No.', path: ['_entities', 0, 'rank'] })
  const scripts = {
    people: () => ({ data: { them: [user('1'), user('2'), user('1')] } }),
    users: entities(({ id }) => ({ size: id })),
    ranks: () => ({ data: { _entities: [null, { rank: 2 }] }, errors: [error] }),
  }

  it('add each its own part, and tell each its own errors', async () => {
    const ranks = flatten('them.@', fetch('ranks', ENTITIES, { requires: [required('User', 'id')] }))
    const plan = sequence(fetch('people', '{…}'), parallel(users('them.@'), ranks))
    const { data, errors } = await runPlan(plan, scripts)
    expect(data.them).toEqual([
      { ...user('1'), size: '1' },
      { ...user('2'), size: '2', rank: 2 },
      { ...user('1'), size: '1' },
    ])
    expect(errors.map(({ path }) => path)).toEqual([
      ['them', 0, 'rank'],
      ['them', 2, 'rank'],
    ])
  })

  it('find what was added between the one and the other', async () => {
    const { data, sources } = await runPlan(sequence(users('them.@'), fetch('people', '{…}'), users('them.@')), scripts)
    expect(sources.get('users')?.requests).toHaveLength(1)
    expect(data.them).toMatchObject([{ size: '1' }, { size: '2' }, { size: '1' }])
  })

  it('find what a fetch of entities has added between them', async () => {
    const friends = flatten('them.@', fetch('friends', ENTITIES, { requires: [required('User', 'id')] }))
    const plan = sequence(fetch('people', '{…}'), users('them.@.friend'), friends, users('them.@.friend'))
    const { data } = await runPlan(plan, { ...scripts, friends: entities(({ id }) => ({ friend: user(`${id}0`) })) })
    expect(data.them).toMatchObject([
      { friend: { size: '10' } },
      { friend: { size: '20' } },
      { friend: { size: '10' } },
    ])
  })

  it('send each what its rewrites make of it', async () => {
    const inputRewrites: FetchNode['inputRewrites'] = [{ kind: 'ValueSetter', path: ['id'], setValueTo: '7' }]
    const { sources } = await runPlan(
      sequence(fetch('people', '{…}'), parallel(users('them.@'), users('them.@', { inputRewrites }))),
      scripts,
    )
    const sent = sources.get('users')?.requests.map(({ representations }) => representations)
    expect(sent).toEqual([
      [user('1'), user('2')],
      [user('7'), user('7')],
    ])
  })
})

describe('the fetches of one operation', () => {
  it('are under way sixteen at a time at most, and begin in their order', async () => {
    let underWay = 0
    let most = 0
    const begun: string[] = []
    const script = async ({ query }: { query: string }) => {
      begun.push(query)
      underWay += 1
      most = Math.max(most, underWay)
      for (const _ of numbers(1 + (Number(query) % 7))) await new Promise(setImmediate)
      underWay -= 1
      if (query === '3') throw new Error('No.')
      return { data: { [`f${query}`]: 1 } }
    }
    const { data, errors } = await runPlan(parallel(...numbers(100).map((n) => fetch('a', String(n)))), { a: script })
    expect(most).toBe(16)
    expect(begun).toEqual(numbers(100).map(String))
    expect(Object.keys(data)).toHaveLength(99)
    expect(errors).toEqual([{ message: 'No.' }])
  })

  it('do not begin once its time is up, and say so', async () => {
    const time = new AbortController()
    const reason = new ApplicationError('OPERATION_TOO_EXPENSIVE', 'Took too long.')
    const waits = () =>
      new Promise<never>((_, reject) => time.signal.addEventListener('abort', () => reject(time.signal.reason)))
    const plan = sequence(parallel(...numbers(20).map((n) => fetch('a', String(n)))), fetch('b', '{b}'))
    const running = runPlan(plan, { a: waits, b: () => ({ data: { b: 1 } }) }, { signal: time.signal })
    time.abort(reason)
    const { data, errors, sources } = await running
    expect(data).toEqual({})
    expect(errors).toEqual(numbers(21).map(() => ({ message: 'Took too long.', code: 'OPERATION_TOO_EXPENSIVE' })))
    expect(sources.get('a')?.requests.length).toBeLessThanOrEqual(16)
    expect(sources.get('b')?.requests).toEqual([])
  })
})
