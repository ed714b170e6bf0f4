import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner'
import { OperationTypeNode } from 'graphql'
import { describe, expect, it } from 'vitest'
import { FederatedGraph, type SubgraphExample } from './testing/federated-graph.ts'

const USERS: SubgraphExample = {
  typeDefs: `type Query { people: [Someone] groups: [[User]] } union Someone = Bot | User type Bot { name: String }
    type User @key(fields: "id") { id: ID! }`,
  root: {
    people: [
      { __typename: 'Bot', name: 'B' },
      { __typename: 'User', id: 'u1' },
      { __typename: 'User', id: 'u2' },
      { __typename: 'User', id: 'u1' },
    ],
    groups: [[{ id: 'u1' }, null], null, [{ id: 'u2' }]],
  },
}

const failing = (message: string, path?: readonly (string | number)[]): NonNullable<SubgraphExample['spoil']> => {
  const error = { message, extensions: { code: 'BROKEN' }, ...(path && { path }) }
  return (_request, response) => ({ ...response, errors: [error] })
}

const names = (spoil?: SubgraphExample['spoil']): SubgraphExample => ({
  typeDefs: 'type User @key(fields: "id") { id: ID! name: String }',
  entities: {
    User: [
      { id: 'u1', name: 'Ada' },
      { id: 'u2', name: 'Bob' },
    ],
  },
  ...(spoil && { spoil }),
})

const PRICES: SubgraphExample = {
  typeDefs: `interface Priced { price: Float } type Query { offers: [Priced] }
    type Sale implements Priced { price: Float! } type Gift implements Priced { price: Float }`,
  root: {
    offers: [
      { __typename: 'Sale', price: 0 },
      { __typename: 'Gift', price: 0 },
    ],
  },
}

const flatten = (path: string[], node: PlanNode): PlanNode => ({ kind: 'Flatten', path, node })

/** @param type of the entities that are asked for by their ids; undefined for a fetch of root fields. */
function fetchOf(operation: string, type?: string): FetchNode {
  const fields = ['__typename', 'id'].map((name) => ({ kind: 'Field', name }) as const)
  return {
    kind: 'Fetch',
    serviceName: 'only',
    operationKind: OperationTypeNode.QUERY,
    operationName: undefined,
    operation,
    ...(type && { requires: [{ kind: 'InlineFragment', typeCondition: type, selections: fields }] }),
  }
}

/** As the planner makes them of `greeting(locale: String @fromContext(field: "$tenant { locale }"))`. */
const PLAN_WITH_CONTEXT: QueryPlan = {
  kind: 'QueryPlan',
  node: {
    kind: 'Sequence',
    nodes: [
      fetchOf('{ tenants { __typename locale user { __typename id } } }'),
      flatten(['tenants', '@', 'user'], {
        ...fetchOf(
          `query($representations: [_Any!]!, $locale: String) {
            _entities(representations: $representations) { ... on User { greeting(locale: $locale) } } }`,
          'User',
        ),
        variableUsages: ['locale'],
        contextRewrites: [{ kind: 'KeyRenamer', path: ['..', '... on Tenant', 'locale'], renameKeyTo: 'locale' }],
      }),
    ],
  },
}

const PEOPLE = '{ people { ... on User { name } } }'

describe('other than the stock executor, ours', () => {
  it('tells an error of an entity where that entity is, not where another of the list is', async () => {
    const graph = await FederatedGraph.of({ users: USERS, names: names(failing('No.', ['_entities', 0, 'name'])) })
    expect((await graph.askStock(PEOPLE)).errors).toEqual(['BROKEN: No. at ["people",0,"name"]'])
    expect((await graph.askOurs(PEOPLE)).errors).toEqual([
      'BROKEN: No. at ["people",1,"name"]',
      'BROKEN: No. at ["people",3,"name"]',
    ])
  })

  it('tells it where the entity was when it was asked for, whatever another fetch has added in the meantime', async () => {
    const spoil: SubgraphExample['spoil'] = ({ query, representations }) => {
      const [user, item] = [
        { __typename: 'User', id: 'u1' },
        { __typename: 'Item', id: 'i1' },
      ]
      if (!representations) return { data: { items: [item, { ...item, id: 'i2', owner: user }] } }
      if (query.includes('owner')) return { data: { _entities: [{ owner: user }, null] } }
      const errors = [{ message: 'No.', path: ['_entities', 0, 'name'], extensions: { code: 'BROKEN' } }]
      return { data: { _entities: [null] }, errors }
    }
    const arrival = async ({ query }: { query: string }) => (query.includes('name }') ? nextTurn() : undefined)
    const typeDefs = `type Query { items: [Item] } type Item @key(fields: "id") { id: ID! owner: User }
      type User @key(fields: "id") { id: ID! name: String }`
    const graph = await FederatedGraph.of({ only: { typeDefs, spoil, arrival } })
    const entities = (type: string, path: string[], selection: string): PlanNode =>
      flatten(
        path,
        fetchOf(
          `query($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on ${type} { ${selection} } } }`,
          type,
        ),
      )
    const plan: QueryPlan = {
      kind: 'QueryPlan',
      node: {
        kind: 'Sequence',
        nodes: [
          fetchOf('{ items { __typename id owner { __typename id } } }'),
          {
            kind: 'Parallel',
            nodes: [
              entities('Item', ['items', '@'], 'owner { __typename id }'),
              entities('User', ['items', '@', 'owner'], 'name'),
            ],
          },
        ],
      },
    }
    const query = '{ items { owner { name } } }'
    expect((await graph.askStock(query, {}, plan)).errors).toEqual(['BROKEN: No. at ["items",0,"owner","name"]'])
    expect((await graph.askOurs(query, {}, plan)).errors).toEqual(['BROKEN: No. at ["items",1,"owner","name"]'])
  })

  it('asks for an entity once, and hears once of an error that has no path', async () => {
    let asked: unknown[] = []
    const spoil: SubgraphExample['spoil'] = ({ representations = [] }, response) => {
      asked = [...representations]
      return { ...response, errors: representations.map(() => ({ message: 'No.', extensions: { code: 'BROKEN' } })) }
    }
    const graph = await FederatedGraph.of({ users: USERS, names: names(spoil) })
    expect([(await graph.askStock(PEOPLE)).errors?.length, asked.length]).toEqual([3, 3])
    expect([(await graph.askOurs(PEOPLE)).errors?.length, asked.length]).toEqual([2, 2])
  })

  it('gives no path to an error that is of no entity', async () => {
    const graph = await FederatedGraph.of({ users: USERS, names: names(failing('No.', ['_entities', 7, 'name'])) })
    expect((await graph.askStock(PEOPLE)).errors).toEqual(['BROKEN: No. at ["name"]'])
    expect((await graph.askOurs(PEOPLE)).errors).toEqual(['BROKEN: No. at without path'])
  })

  it('fails an operation that selects something and has an empty plan', async () => {
    const graph = await FederatedGraph.of({ users: USERS, names: names() })
    const empty: QueryPlan = { kind: 'QueryPlan' }
    expect(await graph.askStock(PEOPLE, {}, empty)).toEqual({ data: { people: null } })
    expect(await graph.askOurs(PEOPLE, {}, empty)).toEqual({
      data: null,
      errors: ['none: The plan of the operation is empty. at without path'],
    })
  })

  it('goes on with a fragment on an object within one on its interface when nobody told the type', async () => {
    const graph = await FederatedGraph.of({
      only: {
        typeDefs:
          'interface Named { name: String } type Query { ada: Ada } type Ada implements Named { name: String age: Int }',
        root: { ada: { name: 'Ada', age: 36 } },
      },
    })
    const query = '{ ada { ... on Named { name ... on Ada { age } } } }'
    const plan = graph.planOf(query)
    expect(JSON.stringify(plan)).not.toContain('__typename')
    expect(await graph.askStock(query)).toEqual({ data: { ada: { name: 'Ada' } } })
    expect(await graph.askOurs(query)).toEqual({ data: { ada: { name: 'Ada', age: 36 } } })
  })

  it('keeps what the planner asks for under another name when it is 0, false or empty', async () => {
    const graph = await FederatedGraph.of({ only: PRICES })
    const query = '{ offers { price } }'
    const plan = withAlias(graph.planOf(query))
    expect((await graph.askStock(query, {}, plan)).data).toEqual({ offers: [{ price: 0 }, { price: null }] })
    expect((await graph.askOurs(query, {}, plan)).data).toEqual({ offers: [{ price: 0 }, { price: 0 }] })
  })

  it('merges lists in lists', async () => {
    const half = (field: string): string =>
      `type Box @key(fields: "id") { id: ID! grid: [[Cell]] @shareable } type Cell { ${field}: Int }`
    const graph = await FederatedGraph.of({
      a: {
        typeDefs: `type Query { box: Box } ${half('x')}`,
        root: { box: { id: 'b1', grid: [[{ x: 1 }], [{ x: 2 }, null]] } },
      },
      b: { typeDefs: half('y'), entities: { Box: [{ id: 'b1', grid: [[{ y: 3 }], [{ y: 4 }, null]] }] } },
    })
    const query = '{ box { grid { x y } } }'
    expect((await graph.askStock(query)).data).toEqual({
      box: { grid: [[{ x: null, y: 3 }], [{ x: null, y: 4 }, null]] },
    })
    expect((await graph.askOurs(query)).data).toEqual({ box: { grid: [[{ x: 1, y: 3 }], [{ x: 2, y: 4 }, null]] } })
  })

  it('sends what is required of lists in lists', async () => {
    const types = 'type Cell @shareable { x: Int }'
    const graph = await FederatedGraph.of({
      a: {
        typeDefs: `type Query { box: Box } type Box @key(fields: "id") { id: ID! grid: [[Cell]] } ${types}`,
        root: { box: { id: 'b1', grid: [[{ x: 1 }], null, []] } },
      },
      b: {
        typeDefs: `type Box @key(fields: "id") { id: ID! grid: [[Cell]] @external sum: String @requires(fields: "grid { x }") } ${types}`,
        entities: { Box: [{ id: 'b1' }] },
        resolvers: { Box: { sum: ({ grid }: { grid: unknown }) => JSON.stringify(grid) } },
      },
    })
    expect((await graph.askStock('{ box { sum } }')).data).toEqual({ box: { sum: '[null,null,null]' } })
    expect((await graph.askOurs('{ box { sum } }')).data).toEqual({ box: { sum: '[[{"x":1}],null,[]]' } })
  })

  it('goes on with the other entities when a subgraph answers something else for one', async () => {
    const spoil: SubgraphExample['spoil'] = (_request, response) => {
      const { _entities: entities } = response.data as { _entities: unknown[] }
      entities[0] = 7
      return response
    }
    const graph = await FederatedGraph.of({ users: USERS, names: names(spoil) })
    expect(await graph.askStock(PEOPLE)).toEqual({
      data: { people: [{}, { name: null }, { name: null }, { name: null }] },
      errors: ["none: Cannot create property '__typename' on number '7' at without path"],
    })
    expect(await graph.askOurs(PEOPLE)).toEqual({
      data: { people: [{}, { name: null }, { name: 'Bob' }, { name: null }] },
    })
  })

  it('goes on with what fits when a subgraph answers a value where others are to add to a list', async () => {
    const spoil: SubgraphExample['spoil'] = () => ({ data: { groups: 'wrong' } })
    const graph = await FederatedGraph.of({ users: { ...USERS, spoil }, names: names() })
    const query = '{ groups { name } }'
    await expect(graph.askStock(query)).rejects.toThrow('value.flatMap is not a function')
    expect(await graph.askOurs(query)).toMatchObject({
      data: null,
      errors: [expect.stringContaining('Invalid non-list value')],
    })
  })

  it('keeps the type of an object when a subgraph knows it as an interface object only', async () => {
    const graph = await FederatedGraph.of({
      home: {
        typeDefs: `interface Media @key(fields: "id") { id: ID! title: String }
          type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int } type Query { books: [Book] }
          type Film implements Media @key(fields: "id") { id: ID! title: String }`,
        entities: { Book: [{ id: 'm1', title: 'Emma', pages: 9 }] },
      },
      ratings: {
        typeDefs: `type Query { rated: [Media] } type Media @key(fields: "id") @interfaceObject {
          id: ID! title: String @external review: String @requires(fields: "title") }`,
        root: { rated: [{ id: 'm1' }] },
        entities: { Media: [{ id: 'm1' }] },
        resolvers: { Media: { review: ({ title }: { title: string }) => `On ${title}.` } },
      },
      stars: { typeDefs: 'type Media @key(fields: "id") @interfaceObject { id: ID! stars: Int }' },
    })
    const query = '{ rated { ... on Book { pages review } ... on Film { review stars } } }'
    expect((await graph.askStock(query)).data).toEqual({ rated: [{}] })
    expect((await graph.askOurs(query)).data).toEqual({ rated: [{ pages: 9, review: 'On Emma.' }] })
  })

  it('sends what an argument takes from the objects above', async () => {
    const graph = await FederatedGraph.of({
      only: {
        typeDefs: `type Query { tenants: [Tenant] } type Tenant { locale: String user: User }
          type User @key(fields: "id") { id: ID! greeting(locale: String): String }`,
        root: {
          tenants: [
            { locale: 'de', user: { id: 'u1' } },
            { locale: 'en', user: { id: 'u1' } },
          ],
        },
        entities: { User: [{ id: 'u1', greeting: ({ locale }: { locale?: string }) => `in ${locale}` }] },
      },
    })
    const query = '{ tenants { user { greeting } } }'
    const greetings = (...texts: string[]) => ({ tenants: texts.map((greeting) => ({ user: { greeting } })) })
    expect((await graph.askStock(query, {}, PLAN_WITH_CONTEXT)).data).toEqual(greetings('in undefined', 'in undefined'))
    expect((await graph.askOurs(query, {}, PLAN_WITH_CONTEXT)).data).toEqual(greetings('in de', 'in en'))
  })

  it('tells errors by the names that the client knows', async () => {
    const path = ['offers', 1, 'price__alias_0']
    const graph = await FederatedGraph.of({ only: { ...PRICES, spoil: failing('No.', path) } })
    const query = '{ offers { price } }'
    const plan = withAlias(graph.planOf(query))
    expect((await graph.askStock(query, {}, plan)).errors).toEqual(['BROKEN: No. at ["offers",1,"price__alias_0"]'])
    expect((await graph.askOurs(query, {}, plan)).errors).toEqual(['BROKEN: No. at ["offers",1,"price"]'])
  })

  it('lists keys in the order of the specification', async () => {
    const graph = await FederatedGraph.of({ users: USERS, names: names() })
    const query = '{ people { ... on User { id } kind: __typename ... on User { name } } }'
    const user = async (answer: Promise<{ data?: unknown }>) =>
      Object.keys(((await answer).data as { people: object[] }).people[1] ?? {})
    expect(await user(graph.askStock(query))).toEqual(['id', 'name', 'kind'])
    expect(await user(graph.askOurs(query))).toEqual(['id', 'kind', 'name'])
  })
})

/** As the planner does it for fields that would clash in one request. */
function withAlias(plan: QueryPlan): QueryPlan {
  const fetch = plan.node as FetchNode
  const path = ['offers', '... on Gift', 'price__alias_0']
  return {
    kind: 'QueryPlan',
    node: {
      ...fetch,
      operation: '{ offers { __typename ... on Sale { price } ... on Gift { price__alias_0: price } } }',
      outputRewrites: [{ kind: 'KeyRenamer', path, renameKeyTo: 'price' }],
    },
  }
}
