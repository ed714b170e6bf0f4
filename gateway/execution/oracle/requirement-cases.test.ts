import { expect, it } from 'vitest'
import { FederatedGraph, type FederationCase } from './testing/federated-graph.ts'

const SIZES: FederationCase['subgraphs'] = {
  catalog: {
    typeDefs: `type Query { products: [Product] } type Product @key(fields: "id") {
      id: ID! weight: Int box: Box layers: [[Box]] content: Content } type Box { width: Int! unit: String }
      union Content = Liquid | Solid type Liquid { litres: Int } type Solid { pieces: Int }`,
    root: { products: [{ id: 'p1' }, { id: 'p2' }] },
    entities: {
      Product: [
        { id: 'p1', weight: 5, box: { width: 2 }, content: { __typename: 'Liquid', litres: 3 } },
        { id: 'p2', weight: null, box: null, content: { __typename: 'Solid', pieces: 8 } },
      ],
    },
  },
  shipping: {
    typeDefs: `type Product @key(fields: "id") { id: ID! weight: Int @external box: Box @external content: Content @external
        byWeight: String @requires(fields: "weight") byBox: String @requires(fields: "box { width }")
        byContent: String @requires(fields: "content { ... on Liquid { litres } ... on Solid { pieces } }") }
      type Box { width: Int! @external } union Content = Liquid | Solid
      type Liquid { litres: Int @external } type Solid { pieces: Int @external }`,
    entities: { Product: [{ id: 'p1' }, { id: 'p2' }] },
    resolvers: {
      Product: {
        byWeight: ({ weight }: Sent) => JSON.stringify(weight),
        byBox: ({ box }: Sent) => JSON.stringify(box),
        byContent: ({ content }: Sent) => JSON.stringify(content),
      },
    },
  },
}

interface Sent {
  readonly weight: unknown
  readonly box: unknown
  readonly content: unknown
}

const COMMENTS: FederationCase['subgraphs'] = {
  posts: {
    typeDefs: `type Query { post: Post } type Post @key(fields: "id") { id: ID! comments(limit: Int!): [Comment] @external
        digest: String @requires(fields: "comments(limit: 3) { text }") }
      type Comment @key(fields: "id") { id: ID! text: String @external }`,
    root: { post: { id: 'p1' } },
    entities: { Post: [{ id: 'p1' }] },
    resolvers: {
      Post: { digest: ({ comments }: { comments: { text: string }[] }) => comments.map(({ text }) => text).join() },
    },
  },
  comments: {
    typeDefs: `type Post @key(fields: "id") { id: ID! comments(limit: Int!): [Comment] }
      type Comment @key(fields: "id") { id: ID! text: String }`,
    entities: {
      Post: [
        { id: 'p1', comments: ({ limit }: { limit: number }) => ['a', 'b', 'c', 'd'].slice(0, limit).map(comment) },
      ],
    },
  },
}

const comment = (text: string) => ({ id: text, text })

const CASES: readonly FederationCase[] = [
  {
    title: 'fetches what a field requires before the field, also when it is null',
    subgraphs: SIZES,
    query: '{ products { byWeight } }',
    answer: { data: { products: [{ byWeight: '5' }, { byWeight: 'null' }] } },
  },
  {
    title: 'sends a required object, or that there is none',
    subgraphs: SIZES,
    query: '{ products { byBox id } }',
    answer: {
      data: {
        products: [
          { byBox: '{"width":2}', id: 'p1' },
          { byBox: 'null', id: 'p2' },
        ],
      },
    },
  },
  {
    title: 'sends of a required union what its type has, and the type only when that is required, too',
    subgraphs: SIZES,
    query: '{ products { byContent } }',
    answer: {
      data: {
        products: [{ byContent: '{"litres":3}' }, { byContent: '{"pieces":8}' }],
      },
    },
  },
  {
    title: 'does not show what it fetched only because it is required',
    subgraphs: SIZES,
    query: '{ products { byWeight ... on Product { box { unit } } } }',
    answer: {
      data: {
        products: [
          { byWeight: '5', box: { unit: null } },
          { byWeight: 'null', box: null },
        ],
      },
    },
  },
  {
    title: 'computes what is required of what is required, one subgraph after the other',
    subgraphs: {
      a: {
        typeDefs: `type Query { user: User } type User @key(fields: "id") { id: ID! first: Int third: Int @external
          fourth: Int @requires(fields: "third") }`,
        root: { user: { id: 'u1', first: 1 } },
        entities: { User: [{ id: 'u1', first: 1 }] },
        resolvers: { User: { fourth: ({ third }: { third: number }) => third + 1 } },
      },
      b: {
        typeDefs: `type User @key(fields: "id") { id: ID! first: Int @external second: Int @requires(fields: "first") }`,
        entities: { User: [{ id: 'u1' }] },
        resolvers: { User: { second: ({ first }: { first: number }) => first + 1 } },
      },
      c: {
        typeDefs: `type User @key(fields: "id") { id: ID! second: Int @external third: Int @requires(fields: "second") }`,
        entities: { User: [{ id: 'u1' }] },
        resolvers: { User: { third: ({ second }: { second: number }) => second * 10 } },
      },
    },
    query: '{ user { fourth } }',
    answer: { data: { user: { fourth: 21 } } },
  },
  {
    // The query planner fetches `second` and `third` in the first request already, from the subgraph where `second` is
    // external: what is required there is never fetched.
    title: 'computes too early, as planned, what two subgraphs require of each other in turn',
    subgraphs: {
      a: {
        typeDefs: `type Query { user: User } type User @key(fields: "id") { id: ID! first: String second: String @external
          third: String @requires(fields: "second") }`,
        root: { user: { id: 'u1', first: 'one' } },
        entities: { User: [{ id: 'u1', first: 'one' }] },
        resolvers: { User: { third: ({ second }: { second?: string }) => `third of ${second}` } },
      },
      b: {
        typeDefs: `type User @key(fields: "id") { id: ID! first: String @external third: String @external
          second: String @requires(fields: "first") fourth: String @requires(fields: "third") }`,
        entities: { User: [{ id: 'u1' }] },
        resolvers: {
          User: {
            second: ({ first }: { first: string }) => `second of ${first}`,
            fourth: ({ third }: { third: string }) => `fourth of ${third}`,
          },
        },
      },
    },
    query: '{ user { second fourth } }',
    answer: { data: { user: { second: 'second of one', fourth: 'fourth of third of undefined' } } },
  },
  {
    title: 'does not fetch what is provided',
    subgraphs: {
      a: {
        typeDefs: `type Query { review: Review } type Review { author: User @provides(fields: "name") other: User }
          type User @key(fields: "id") { id: ID! name: String @external }`,
        root: { review: { author: { id: 'u1', name: 'as provided' }, other: { id: 'u1' } } },
      },
      b: {
        typeDefs: 'type User @key(fields: "id") { id: ID! name: String @shareable }',
        entities: { User: [{ id: 'u1', name: 'as fetched' }] },
      },
    },
    query: '{ review { author { name } other { name } } }',
    answer: { data: { review: { author: { name: 'as provided' }, other: { name: 'as fetched' } } } },
  },
  {
    title: 'does not fetch what is provided deep within, and fetches the rest',
    subgraphs: {
      a: {
        typeDefs: `type Query { shops: [Shop] @provides(fields: "boss { name friends { name } }") }
          type Shop @key(fields: "id") { id: ID! boss: User @external } type User @key(fields: "id") {
            id: ID! name: String @external friends: [User] @external }`,
        root: { shops: [{ id: 's1', boss: { id: 'u1', name: 'P', friends: [{ id: 'u2', name: 'Q' }] } }] },
      },
      b: {
        typeDefs: `type Shop @key(fields: "id") { id: ID! boss: User @shareable }
          type User @key(fields: "id") { id: ID! name: String @shareable friends: [User] @shareable age: Int }`,
        entities: { Shop: [{ id: 's1' }], User: [{ id: 'u2', name: 'fetched', age: 9 }] },
      },
    },
    query: '{ shops { boss { name friends { name age } } } }',
    answer: { data: { shops: [{ boss: { name: 'P', friends: [{ name: 'Q', age: 9 }] } }] } },
  },
  {
    title: 'does not fetch what is provided of one member of a union',
    subgraphs: {
      a: {
        typeDefs: `type Query { media: [Media] @provides(fields: "... on Book { title }") } union Media = Book | Film
          type Book @key(fields: "id") { id: ID! title: String @external } type Film @key(fields: "id") { id: ID! }`,
        root: {
          media: [
            { __typename: 'Book', id: 'b1', title: 'provided' },
            { __typename: 'Film', id: 'f1' },
          ],
        },
      },
      b: {
        typeDefs: `type Book @key(fields: "id") { id: ID! title: String @shareable }
          type Film @key(fields: "id") { id: ID! title: String @shareable }`,
        entities: { Book: [{ id: 'b1', title: 'fetched' }], Film: [{ id: 'f1', title: 'fetched' }] },
      },
    },
    query: '{ media { ... on Book { title } ... on Film { title } } }',
    answer: { data: { media: [{ title: 'provided' }, { title: 'fetched' }] } },
  },
  {
    title: 'fetches a required field that takes an argument',
    subgraphs: COMMENTS,
    query: '{ post { digest } }',
    answer: { data: { post: { digest: 'a,b,c' } } },
  },
  {
    // The query planner merges the client's selection into the required one, whose argument differs: no executor can
    // know. A schema should not require fields with arguments.
    title: 'answers too much, as planned, when the client asks for a required field with another argument',
    subgraphs: COMMENTS,
    query: '{ post { comments(limit: 1) { text } digest } }',
    answer: { data: { post: { comments: [{ text: 'a' }, { text: 'b' }, { text: 'c' }], digest: 'a,b,c' } } },
  },
]

it.each(CASES)('a federated graph $title', async ({ subgraphs, query, variables, answer }) => {
  expect(await (await FederatedGraph.of(subgraphs)).ask(query, variables)).toEqual(answer)
})
