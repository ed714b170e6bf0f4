/**
 * The graph of the public federation gateway benchmark (github.com/graphql-hive/graphql-gateways-benchmark, constant
 * load): its types, keys, `@requires` and `@provides`, its operation, as many users, products and reviews, and texts as
 * long as its own. The words are others. Federation 1's syntax, which every gateway's composition takes.
 */
import { buildSubgraphSchema } from '@apollo/subgraph'
import { type GraphQLSchema, parse } from 'graphql'

/** A part of the graph, as its server serves it and as it is composed. */
export interface BenchSubgraph {
  readonly name: string
  readonly sdl: string
  readonly schema: GraphQLSchema
}

interface Product {
  readonly upc: string
  readonly name: string
  readonly price: number
  readonly weight: number
  readonly inStock: boolean
}

interface Representation {
  readonly id: string
  readonly upc: string
}

/** Sixteen fetches: two root fields, and four subgraphs that need each other's keys three levels deep. */
export const QUERY = `fragment User on User { id username name }
fragment Review on Review { id body }
fragment Product on Product { inStock name price shippingEstimate upc weight }
query TestQuery {
  users {
    ...User
    reviews {
      ...Review
      product {
        ...Product
        reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
      }
    }
  }
  topProducts {
    ...Product
    reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } }
  }
}`

const USERS = ['Ada Byron', 'Alan Mathison', 'Barbara Liskov', 'Donald Knuth', 'Edsger Dijkstra', 'Grace Hopper'].map(
  (name, index) => ({
    id: String(index + 1),
    name,
    username: name.toLowerCase().replaceAll(' ', ''),
    birthday: 1_234_567_890,
  }),
)
const PRODUCTS: readonly Product[] = [
  product(1, 'Table', 899, 100, true),
  product(2, 'Couch', 1_299, 1_000, false),
  product(3, 'Glass', 15, 20, false),
  product(4, 'Chair', 499, 100, false),
  product(5, 'TV', 1_299, 1_000, true),
  product(6, 'Lamp', 6_999, 300, true),
  product(7, 'Grill', 3_999, 2_000, true),
  product(8, 'Fridge', 100_000, 6_000, false),
  product(9, 'Sofa', 9_999, 800, true),
]
/** Which product each review is of, and how long its text is. */
const REVIEWS = (
  [
    ['1', 445],
    ['1', 294],
    ['1', 275],
    ['1', 146],
    ['2', 445],
    ['2', 294],
    ['2', 275],
    ['2', 146],
    ['3', 146],
    ['4', 146],
    ['4', 830],
  ] as const
).map(([upc, length], index) => ({ id: String(index + 1), body: textOf(length), product: { upc }, author: USERS[0] }))
const REVIEWS_OF_ANY_USER = REVIEWS.slice(0, 2)

const accounts = subgraph(
  'accounts',
  `extend type Query { me: User user(id: ID!): User users: [User] }
  type User @key(fields: "id") { id: ID! name: String username: String birthday: Int }`,
  {
    Query: {
      me: () => USERS[0],
      user: (_: unknown, { id }: Representation) => byId(USERS, id),
      users: () => USERS,
    },
    User: { __resolveReference: ({ id }: Representation) => byId(USERS, id) },
  },
)

const inventory = subgraph(
  'inventory',
  `extend type Product @key(fields: "upc") {
    upc: String! @external
    weight: Int @external
    price: Int @external
    inStock: Boolean
    shippingEstimate: Int @requires(fields: "price weight")
  }`,
  {
    Product: {
      inStock: ({ upc }: Product) => byUpc(upc)?.inStock,
      shippingEstimate: ({ price, weight }: Product) => (price > 1_000 ? 0 : Math.floor(weight / 2)),
    },
  },
)

const products = subgraph(
  'products',
  `extend type Query { topProducts(first: Int = 5): [Product] }
  type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
  {
    Query: { topProducts: (_: unknown, { first }: { first: number }) => PRODUCTS.slice(0, first) },
    Product: { __resolveReference: ({ upc }: Representation) => byUpc(upc) },
  },
)

const reviews = subgraph(
  'reviews',
  `type Review @key(fields: "id") {
    id: ID! body: String product: Product author: User @provides(fields: "username")
  }
  extend type User @key(fields: "id") { id: ID! @external username: String @external reviews: [Review] }
  extend type Product @key(fields: "upc") { upc: String! @external reviews: [Review] }`,
  {
    Review: { __resolveReference: ({ id }: Representation) => byId(REVIEWS, id) },
    User: { reviews: () => REVIEWS_OF_ANY_USER },
    Product: { reviews: ({ upc }: Product) => REVIEWS.filter((review) => review.product.upc === upc) },
  },
)

/** All of the graph. */
export const SUBGRAPHS: readonly BenchSubgraph[] = [accounts, inventory, products, reviews]

function subgraph(name: string, sdl: string, resolvers: Record<string, Record<string, unknown>>): BenchSubgraph {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }])
  return { name, sdl, schema }
}

function product(upc: number, name: string, price: number, weight: number, inStock: boolean): Product {
  return { upc: String(upc), name, price, weight, inStock }
}

function textOf(length: number): string {
  const sentence = 'Bought it in spring, have used it every day since then, and would take the same one again. '
  return sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length)
}

function byId<Item extends { readonly id: string }>(items: readonly Item[], id: string): Item | undefined {
  return items.find((item) => item.id === id)
}

function byUpc(upc: string): Product | undefined {
  return PRODUCTS.find((item) => item.upc === upc)
}
