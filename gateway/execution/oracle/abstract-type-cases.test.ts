import { expect, it } from 'vitest'
import { FederatedGraph, type FederationCase } from './testing/federated-graph.ts'

const NODES: FederationCase['subgraphs'] = {
  a: {
    typeDefs: `type Query { nodes: [Node] } interface Node { id: ID! label: String }
      type User implements Node @key(fields: "id") { id: ID! label: String }
      type Bot implements Node @key(fields: "id") { id: ID! label: String! model: String }`,
    root: {
      nodes: [
        { __typename: 'User', id: 'u1', label: 'first' },
        null,
        { __typename: 'Bot', id: 'b1', label: 'second', model: 'm' },
      ],
    },
  },
  b: {
    typeDefs: `type User @key(fields: "id") { id: ID! score: Int } type Bot @key(fields: "id") { id: ID! score: Int! }`,
    entities: { User: [{ id: 'u1', score: 1 }], Bot: [{ id: 'b1', score: 2 }] },
  },
}

const MEDIA_HOME = {
  typeDefs: `type Query { media: [Media] } interface Media @key(fields: "id") { id: ID! title: String }
    type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
    type Film implements Media @key(fields: "id") { id: ID! title: String }`,
  root: {
    media: [
      { __typename: 'Book', id: 'm1', title: 'Emma', pages: 9 },
      { __typename: 'Film', id: 'm2', title: 'M' },
    ],
  },
  entities: { Book: [{ id: 'm1', title: 'Emma', pages: 9 }], Film: [{ id: 'm2', title: 'M' }] },
}

const RATINGS = {
  typeDefs: `type Query { rated: [Media] } type Media @key(fields: "id") @interfaceObject {
    id: ID! title: String @external stars: Int review: String @requires(fields: "title") }`,
  root: { rated: [{ id: 'm1' }, { id: 'm2' }] },
  entities: {
    Media: [
      { id: 'm1', stars: 5 },
      { id: 'm2', stars: 3 },
    ],
  },
  resolvers: { Media: { review: ({ title }: { title: string }) => `On ${title}.` } },
}

const MEDIA: FederationCase['subgraphs'] = { home: MEDIA_HOME, ratings: RATINGS }

const SEARCH: FederationCase['subgraphs'] = {
  a: {
    typeDefs: `type Query { found: [Found] @shareable both: Found @shareable } union Found = Book | Film
      type Book @key(fields: "id") { id: ID! title: String } type Film @key(fields: "id") { id: ID! minutes: Int }`,
    root: {
      found: [
        { __typename: 'Book', id: 'b1', title: 'Emma' },
        { __typename: 'Film', id: 'f1', minutes: 99 },
      ],
      both: { __typename: 'Book', id: 'b1', title: 'Emma' },
    },
    entities: { Book: [{ id: 'b1', title: 'Emma' }], Film: [{ id: 'f1', minutes: 99 }] },
  },
  b: {
    typeDefs: `type Query { both: Found @shareable songs: [Found] } union Found = Book | Song
      type Book @key(fields: "id") { id: ID! isbn: String } type Song { title: String }`,
    root: { both: { __typename: 'Book', id: 'b1', isbn: 'i1' }, songs: [{ __typename: 'Song', title: 'La' }] },
    entities: { Book: [{ id: 'b1', isbn: 'i1' }] },
  },
}

const CASES: readonly FederationCase[] = [
  {
    title: 'completes each implementation of an interface by its own fetch',
    subgraphs: NODES,
    query: '{ nodes { __typename id ... on User { userScore: score } ... on Bot { score model } } }',
    answer: {
      data: {
        nodes: [
          { __typename: 'User', id: 'u1', userScore: 1 },
          null,
          { __typename: 'Bot', id: 'b1', score: 2, model: 'm' },
        ],
      },
    },
  },
  {
    title: 'applies fragments on an interface within fragments on an object',
    subgraphs: NODES,
    query: '{ nodes { ... on Bot { ... on Node { label ... on User { score } ... on Bot { model } } } } }',
    answer: { data: { nodes: [{}, null, { label: 'second', model: 'm' }] } },
  },
  {
    title: 'tells types from each other in lists of lists of a union',
    subgraphs: {
      a: {
        typeDefs: `type Query { grid: [[Cell!]]! } union Cell = Number | Entry type Number { value: Int }
          type Entry @key(fields: "id") { id: ID! }`,
        root: {
          grid: [
            [
              { __typename: 'Entry', id: 'e1' },
              { __typename: 'Number', value: 1 },
            ],
            null,
            [],
            [{ __typename: 'Entry', id: 'e2' }],
          ],
        },
      },
      b: {
        typeDefs: 'type Entry @key(fields: "id") { id: ID! text: String }',
        entities: {
          Entry: [
            { id: 'e1', text: 'one' },
            { id: 'e2', text: 'two' },
          ],
        },
      },
    },
    query: '{ grid { ... on Entry { text } ... on Number { value } } }',
    answer: { data: { grid: [[{ text: 'one' }, { value: 1 }], null, [], [{ text: 'two' }]] } },
  },
  {
    title: 'asks a subgraph only for the members of a union that it has',
    subgraphs: SEARCH,
    query: '{ found { __typename ... on Book { isbn title } ... on Film { minutes } ... on Song { title } } }',
    answer: {
      data: {
        found: [
          { __typename: 'Book', isbn: 'i1', title: 'Emma' },
          { __typename: 'Film', minutes: 99 },
        ],
      },
    },
  },
  {
    title: 'asks for a union that two subgraphs have wherever its members are',
    subgraphs: SEARCH,
    query: '{ both { ... on Book { title isbn } } songs { ... on Song { title } ... on Book { id } } }',
    answer: { data: { both: { title: 'Emma', isbn: 'i1' }, songs: [{ title: 'La' }] } },
  },
  {
    title: 'adds fields to all implementations of an interface through an interface object',
    subgraphs: MEDIA,
    query: '{ media { __typename title stars ... on Book { pages stars } } }',
    answer: {
      data: {
        media: [
          { __typename: 'Book', title: 'Emma', stars: 5, pages: 9 },
          { __typename: 'Film', title: 'M', stars: 3 },
        ],
      },
    },
  },
  {
    title: 'finds out which type an interface object is of',
    subgraphs: MEDIA,
    query: '{ rated { stars ... on Book { pages } kind: __typename } }',
    answer: {
      data: {
        rated: [
          { stars: 5, pages: 9, kind: 'Book' },
          { stars: 3, kind: 'Film' },
        ],
      },
    },
  },
  {
    title: 'fetches what an interface object requires of its implementations',
    subgraphs: MEDIA,
    query: '{ rated { review } media { review } }',
    answer: {
      data: {
        rated: [{ review: 'On Emma.' }, { review: 'On M.' }],
        media: [{ review: 'On Emma.' }, { review: 'On M.' }],
      },
    },
  },
  {
    title: 'keeps apart what is of one name and another type in two implementations',
    subgraphs: {
      a: {
        typeDefs: `interface Priced { price: Float } type Query { offers: [Priced] }
          type Sale implements Priced { price: Float! } type Gift implements Priced { price: Float was: Int }`,
        root: {
          offers: [
            { __typename: 'Sale', price: 0 },
            { __typename: 'Gift', price: null, was: 0 },
          ],
        },
      },
    },
    query: '{ offers { price ... on Gift { was } } }',
    answer: { data: { offers: [{ price: 0 }, { price: null, was: 0 }] } },
  },
  {
    title: 'fetches a field of an interface that one subgraph has overridden from another',
    subgraphs: {
      a: {
        typeDefs: `interface Post { id: ID! at: String } type Query { feed: [Post] }
          type Image implements Post @key(fields: "id") { id: ID! at: String }
          type Text implements Post @key(fields: "id") { id: ID! at: String }`,
        root: {
          feed: [
            { __typename: 'Image', id: 'i1', at: 'old' },
            { __typename: 'Text', id: 't1', at: 'text' },
          ],
        },
      },
      b: {
        typeDefs: 'type Image @key(fields: "id") { id: ID! at: String @override(from: "a") }',
        entities: { Image: [{ id: 'i1', at: 'new' }] },
      },
    },
    query: '{ feed { at } }',
    answer: { data: { feed: [{ at: 'new' }, { at: 'text' }] } },
  },
  {
    title: 'follows an interface that refers to itself',
    subgraphs: {
      a: {
        typeDefs: `type Query { root: Item } interface Item { next: [Item] }
          type Leaf implements Item @key(fields: "id") { id: ID! next: [Item] }`,
        root: {
          root: { __typename: 'Leaf', id: 'l1', next: [{ __typename: 'Leaf', id: 'l2', next: null }, null] },
        },
      },
      b: {
        typeDefs: 'type Leaf @key(fields: "id") { id: ID! size: Int }',
        entities: {
          Leaf: [
            { id: 'l1', size: 1 },
            { id: 'l2', size: 2 },
          ],
        },
      },
    },
    query:
      '{ root { ...Deep next { ...Deep next { next { __typename } } } } } fragment Deep on Item { ... on Leaf { size } }',
    answer: { data: { root: { size: 1, next: [{ size: 2, next: null }, null] } } },
  },
  {
    title: 'makes null of an object of a type that clients do not know, and says so',
    subgraphs: {
      a: {
        typeDefs: `type Query { found: [Found] } union Found = Book | Draft
          type Book { title: String } type Draft @inaccessible { title: String }`,
        root: {
          found: [
            { __typename: 'Book', title: 'Emma' },
            { __typename: 'Draft', title: 'secret' },
          ],
        },
      },
    },
    query: '{ found { __typename ... on Book { title } } }',
    answer: {
      data: { found: [{ __typename: 'Book', title: 'Emma' }, null] },
      valueCompletion: [
        'INVALID_GRAPHQL: Invalid __typename found for object at array element of type Found at index 1. at ["found",1]',
      ],
    },
  },
]

it.each(CASES)('a federated graph $title', async ({ subgraphs, query, variables, answer }) => {
  expect(await (await FederatedGraph.of(subgraphs)).ask(query, variables)).toEqual(answer)
})
