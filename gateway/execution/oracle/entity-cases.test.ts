import { expect, it } from 'vitest'
import { FederatedGraph, type FederationCase } from './testing/federated-graph.ts'

const ISBN_TO_UPC: FederationCase['subgraphs'] = {
  a: {
    typeDefs: 'type Query { book: Book } type Book @key(fields: "isbn") { isbn: ID! }',
    root: { book: { isbn: 'i1' } },
  },
  b: {
    typeDefs: `type Book @key(fields: "isbn") @key(fields: "shelf { row }") { isbn: ID! shelf: Shelf! }
      type Shelf @shareable { row: Int! }`,
    entities: { Book: [{ isbn: 'i1', shelf: { row: 4 } }] },
  },
  c: {
    typeDefs: `type Book @key(fields: "shelf { row }") @key(fields: "upc") { shelf: Shelf! upc: ID! }
      type Shelf @shareable { row: Int! }`,
    entities: { Book: [{ shelf: { row: 4 }, upc: 'p1' }] },
  },
  d: {
    typeDefs: 'type Book @key(fields: "upc") { upc: ID! price: Float }',
    entities: { Book: [{ upc: 'p1', price: 9.5 }] },
  },
}

const USERS: FederationCase['subgraphs'] = {
  people: {
    typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String }',
    root: { users: [{ id: 'u1', name: 'Ada' }, null, { id: 'u2', name: 'Bob' }, { id: 'u1', name: 'Ada' }] },
    entities: {
      User: [
        { id: 'u1', name: 'Ada' },
        { id: 'u2', name: 'Bob' },
      ],
    },
  },
  billing: {
    typeDefs: 'type User @key(fields: "id") { id: ID! balance: Int! limits: [[Int!]] }',
    entities: { User: [{ id: 'u1', balance: 7, limits: [[1, 2], null] }] },
  },
}

const CASES: readonly FederationCase[] = [
  {
    title: 'completes an entity by its key',
    subgraphs: USERS,
    query: '{ users { name limits } }',
    answer: {
      data: {
        users: [
          { name: 'Ada', limits: [[1, 2], null] },
          null,
          { name: 'Bob', limits: null },
          { name: 'Ada', limits: [[1, 2], null] },
        ],
      },
    },
  },
  {
    title: 'makes null of an entity that lacks a field which cannot be null, and says so',
    subgraphs: USERS,
    query: '{ users { name balance } }',
    answer: {
      data: { users: [{ name: 'Ada', balance: 7 }, null, null, { name: 'Ada', balance: 7 }] },
      valueCompletion: ['INVALID_GRAPHQL: Cannot return null for non-nullable field balance. at ["users",2,"balance"]'],
    },
  },
  {
    title: 'goes from key to key until it is where a field is',
    subgraphs: ISBN_TO_UPC,
    query: '{ book { price } }',
    answer: { data: { book: { price: 9.5 } } },
  },
  {
    title: 'takes another way round a key that is null',
    subgraphs: {
      ...ISBN_TO_UPC,
      a: {
        typeDefs: `type Query { book: Book } type Book @key(fields: "isbn") @key(fields: "upc") { isbn: ID! upc: ID }`,
        root: { book: { isbn: 'i1', upc: null } },
      },
      d: {
        typeDefs: 'type Book @key(fields: "isbn") { isbn: ID! price: Float }',
        entities: { Book: [{ isbn: 'i1', price: 9.5 }] },
      },
    },
    query: '{ book { upc shelf { row } price } }',
    answer: { data: { book: { upc: null, shelf: { row: 4 }, price: 9.5 } } },
  },
  {
    title: 'asks again for the parent of a value of which two subgraphs know a part each',
    subgraphs: {
      a: {
        typeDefs: `type Query { product: Product } type Product @key(fields: "id") { id: ID! category: Category @shareable }
          type Category { name: String }`,
        root: { product: { id: 'p1', category: { name: 'Tools' } } },
      },
      b: {
        typeDefs: `type Product @key(fields: "id") { id: ID! category: Category @shareable } type Category { tags: [String] }`,
        entities: { Product: [{ id: 'p1', category: { tags: ['x', 'y'] } }] },
      },
    },
    query: '{ product { category { tags name } } }',
    answer: { data: { product: { category: { tags: ['x', 'y'], name: 'Tools' } } } },
  },
  {
    title: 'merges lists of such values item by item',
    subgraphs: {
      a: {
        typeDefs: `type Query { product: Product } type Product @key(fields: "id") { id: ID! parts: [Part] @shareable }
          type Part { name: String }`,
        root: { product: { id: 'p1', parts: [{ name: 'lid' }, null, { name: 'box' }] } },
      },
      b: {
        typeDefs: `type Product @key(fields: "id") { id: ID! parts: [Part] @shareable } type Part { weight: Int }`,
        entities: { Product: [{ id: 'p1', parts: [{ weight: 1 }, null, { weight: 2 }] }] },
      },
    },
    query: '{ product { parts { name weight } } }',
    answer: { data: { product: { parts: [{ name: 'lid', weight: 1 }, null, { name: 'box', weight: 2 }] } } },
  },
  {
    title: 'needs nothing more of a reference than its key when that is all that is selected',
    subgraphs: {
      reviews: {
        typeDefs: 'type Query { authors: [User] } type User @key(fields: "id", resolvable: false) { id: ID! }',
        root: { authors: [{ id: 'u1' }] },
      },
      people: { typeDefs: 'type User @key(fields: "id") { id: ID! name: String }' },
    },
    query: '{ authors { id kind: __typename } }',
    answer: { data: { authors: [{ id: 'u1', kind: 'User' }] } },
  },
  {
    title: 'follows entities that refer to each other',
    subgraphs: {
      a: {
        typeDefs: `type Query { book: Book } type Book @key(fields: "id") { id: ID! author: Author }
          type Author @key(fields: "id", resolvable: false) { id: ID! }`,
        root: { book: { id: 'b1', author: { id: 'a1' } } },
        entities: { Book: [{ id: 'b1', author: { id: 'a1' } }, { id: 'b2' }] },
      },
      b: {
        typeDefs: `type Author @key(fields: "id") { id: ID! name: String books: [Book!] }
          type Book @key(fields: "id", resolvable: false) { id: ID! }`,
        entities: { Author: [{ id: 'a1', name: 'Eve', books: [{ id: 'b1' }, { id: 'b2' }] }] },
      },
    },
    query: '{ book { author { name books { id author { name } } } } }',
    answer: {
      data: {
        book: {
          author: {
            name: 'Eve',
            books: [
              { id: 'b1', author: { name: 'Eve' } },
              { id: 'b2', author: null },
            ],
          },
        },
      },
    },
  },
  {
    title: 'extends a type as federation 1 does, with external keys',
    subgraphs: {
      a: {
        typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String }',
        root: { users: [{ id: 'u1', name: 'Ada' }] },
      },
      b: {
        typeDefs: 'extend type User @key(fields: "id") { id: ID! @external rank: Int }',
        entities: { User: [{ id: 'u1', rank: 3 }] },
      },
    },
    query: '{ users { id rank name } }',
    answer: { data: { users: [{ id: 'u1', rank: 3, name: 'Ada' }] } },
  },
  {
    title: 'extends a type as federation 2 does, with external keys all the same',
    subgraphs: {
      a: {
        typeDefs: 'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String }',
        root: { users: [{ id: 'u1', name: 'Ada' }] },
      },
      b: {
        typeDefs: 'type User @key(fields: "id") @extends { id: ID! @external rank: Int }',
        entities: { User: [{ id: 'u1', rank: 3 }] },
      },
    },
    query: '{ users { rank } }',
    answer: { data: { users: [{ rank: 3 }] } },
  },
  {
    title: 'chooses among keys that overlap the one that the next subgraph has',
    subgraphs: {
      a: {
        typeDefs: `type Part @key(fields: "id") @key(fields: "serial") @key(fields: "code { one two }")
            @key(fields: "id code { two three }") { id: ID! serial: ID! code: Code! name: String! }
          type Code { one: ID! two: ID! @shareable three: ID! @shareable }`,
        entities: { Part: [{ id: 'p1', serial: 's1', code: { one: '1', two: '2', three: '3' }, name: 'lid' }] },
      },
      b: {
        typeDefs: `type Query { box: Box } type Box { parts: [Part!]! } type Part @key(fields: "id code { two three }") {
            id: ID! code: Code! name: String! @external label: String! @requires(fields: "name") }
          type Code { two: ID! @shareable three: ID! @shareable }`,
        root: { box: { parts: [{ id: 'p1', code: { two: '2', three: '3' } }] } },
        entities: { Part: [{ id: 'p1', code: { two: '2', three: '3' } }] },
        resolvers: { Part: { label: ({ name }: { name: string }) => `the ${name}` } },
      },
    },
    query: '{ box { parts { label code { one } } } }',
    answer: { data: { box: { parts: [{ label: 'the lid', code: { one: '1' } }] } } },
  },
  {
    title: 'does not take a field for known that is external everywhere but where it is computed',
    subgraphs: {
      price: {
        typeDefs: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Float }',
        root: { product: { id: 'p1', price: 2 } },
        entities: { Product: [{ id: 'p1', price: 2 }] },
      },
      stock: {
        typeDefs: `type Query { stocked: Product } type Product @key(fields: "id") {
          id: ID! price: Float @external tax: Float @requires(fields: "price") }`,
        root: { stocked: { id: 'p1', price: 99 } },
        entities: { Product: [{ id: 'p1' }] },
        resolvers: { Product: { tax: ({ price }: { price: number }) => price / 4 } },
      },
    },
    query: '{ stocked { price tax } }',
    answer: { data: { stocked: { price: 2, tax: 0.5 } } },
  },
]

it.each(CASES)('a federated graph $title', async ({ subgraphs, query, variables, answer }) => {
  expect(await (await FederatedGraph.of(subgraphs)).ask(query, variables)).toEqual(answer)
})
