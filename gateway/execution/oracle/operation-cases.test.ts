import { expect, it } from 'vitest'
import { FederatedGraph, type FederationCase } from './testing/federated-graph.ts'

/** A value that only a field with an argument shows. */
const echo = (args: unknown) => JSON.stringify(args)

/** Begins anew with the first step of a mutation. */
const done: string[] = []

const act = (step: string) => () => {
  if (step === 'a1') done.length = 0
  done.push(step)
  return { id: 'o1', steps: [...done] }
}

const SHOP: FederationCase['subgraphs'] = {
  a: {
    typeDefs: `type Query { shop: Shop @shareable a(n: Int = 1, size: Size, filter: Filter): String } type Mutation { first: Order third: Order }
      type Shop @shareable { name: String! place: String } enum Size { SMALL LARGE } input Filter { n: Int = 2 tags: [String!] a: Int }
      type Order @key(fields: "id") { id: ID! steps: [String!]! @shareable }`,
    root: { shop: { name: 'Corner', place: 'Ulm' }, a: echo },
    mutations: { first: act('a1'), third: act('a3') },
  },
  b: {
    typeDefs: `type Query { shop: Shop @shareable b(filter: Filter!): String } type Mutation { second: Order }
      type Shop @shareable { name: String! owner: String } enum Size { SMALL } input Filter { n: Int = 2 tags: [String!] b: Int }
      type Order @key(fields: "id") { id: ID! steps: [String!]! @shareable total: Int }`,
    root: { shop: { name: 'Corner', owner: 'Eve' }, b: echo },
    mutations: { second: act('b2') },
    entities: { Order: [{ id: 'o1', total: 12 }] },
  },
}

const RICH: FederationCase['subgraphs'] = {
  a: {
    typeDefs: `type Query { user: User any: Any color: Color colors: [Color!] } scalar Any enum Color { RED GREY @inaccessible }
      type User @key(fields: "id") { id: ID! name: String email: String moved: String }`,
    root: {
      user: { id: 'u1', name: 'Ada', email: 'a@b', moved: 'old' },
      any: { list: [1, { two: null }], __typename: 'User' },
      color: 'GREY',
      colors: ['RED', 'GREY'],
    },
  },
  b: {
    typeDefs: `type User @key(fields: "id") { id: ID! moved: String @override(from: "a") age: Int
      secret: String @inaccessible }`,
    entities: { User: [{ id: 'u1', moved: 'new', age: 36 }] },
  },
}

const CASES: readonly FederationCase[] = [
  {
    title: 'puts a root field together from the subgraphs that share it',
    subgraphs: SHOP,
    query: '{ shop { name } }',
    answer: { data: { shop: { name: 'Corner' } } },
  },
  {
    title: 'sends each subgraph its own arguments, with the client’s variables and the defaults',
    subgraphs: SHOP,
    query: `query($n: Int, $tags: [String!] = ["t"], $x: Int = 8) {
      a(n: $n) given: a(size: SMALL, filter: { tags: $tags }) b(filter: { n: $x }) }`,
    variables: { tags: ['v'], n: null },
    answer: {
      data: { a: '{"n":null}', given: '{"n":1,"size":"SMALL","filter":{"n":2,"tags":["v"]}}', b: '{"filter":{"n":8}}' },
    },
  },
  {
    title: 'skips and includes by variables, their defaults and both',
    subgraphs: RICH,
    query: `query($no: Boolean!, $yes: Boolean = true) { user { name @skip(if: $yes) email @include(if: $yes)
      age @include(if: $no) ... @include(if: $yes) { id @skip(if: $no) moved @skip(if: $no) @include(if: $yes) } } }`,
    variables: { no: false },
    answer: { data: { user: { email: 'a@b', id: 'u1', moved: 'new' } } },
  },
  {
    title: 'asks nobody when everything is skipped',
    subgraphs: RICH,
    query: 'query($all: Boolean!) { user @skip(if: $all) { age } }',
    variables: { all: true },
    answer: { data: {} },
  },
  {
    title: 'runs mutations of several subgraphs one after the other',
    subgraphs: SHOP,
    query: 'mutation { first { steps } second { total steps } third { total steps } }',
    answer: {
      data: {
        first: { steps: ['a1'] },
        second: { total: 12, steps: ['a1', 'b2'] },
        third: { total: 12, steps: ['a1', 'b2', 'a3'] },
      },
    },
  },
  {
    title: 'fetches an overridden field where it has gone to',
    subgraphs: RICH,
    query: '{ user { moved age } }',
    answer: { data: { user: { moved: 'new', age: 36 } } },
  },
  {
    title: 'fetches a field that is being overridden by a label where it was',
    subgraphs: {
      a: RICH.a ?? { typeDefs: '' },
      b: { ...RICH.b, typeDefs: String(RICH.b?.typeDefs).replace('from: "a"', 'from: "a", label: "percent(50)"') },
    },
    query: '{ user { moved } }',
    answer: { data: { user: { moved: 'old' } } },
  },
  {
    title: 'makes null of a value of an enum that clients do not know, and says so',
    subgraphs: RICH,
    query: '{ color colors }',
    answer: {
      data: { color: null, colors: null },
      valueCompletion: [
        'INVALID_GRAPHQL: Invalid value found for array element of type Color at index 1. at ["colors",1]',
        'INVALID_GRAPHQL: Invalid value found for field color. at ["color"]',
      ],
    },
  },
  {
    title: 'leaves what is in a custom scalar alone',
    subgraphs: RICH,
    query: '{ any again: any }',
    answer: {
      data: {
        any: { list: [1, { two: null }], __typename: 'User' },
        again: { list: [1, { two: null }], __typename: 'User' },
      },
    },
  },
  {
    title: 'describes its schema beside the data, without what clients do not know',
    subgraphs: RICH,
    query: `query($name: String!) { __typename user { __typename } color: __type(name: "Color") { enumValues { name } }
      __type(name: $name) { ...Described fields { name } } } fragment Described on __Type { kind name }`,
    variables: { name: 'User' },
    answer: {
      data: {
        __typename: 'Query',
        user: { __typename: 'User' },
        color: { enumValues: [{ name: 'RED' }] },
        __type: {
          kind: 'OBJECT',
          name: 'User',
          fields: [{ name: 'id' }, { name: 'name' }, { name: 'email' }, { name: 'moved' }, { name: 'age' }],
        },
      },
    },
  },
  {
    title: 'answers keys in the order of the operation, each once',
    subgraphs: RICH,
    query: '{ user { age name } user { email name ...More age } } fragment More on User { id moved }',
    answer: { data: { user: { age: 36, name: 'Ada', email: 'a@b', id: 'u1', moved: 'new' } } },
  },
]

it.each(CASES)('a federated graph $title', async ({ subgraphs, query, variables, answer }) => {
  const result = await (await FederatedGraph.of(subgraphs)).ask(query, variables)
  // As text: the order of keys counts.
  expect(JSON.stringify(result)).toBe(JSON.stringify(answer))
})
