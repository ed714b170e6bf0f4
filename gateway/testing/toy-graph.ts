import { GraphQLError } from 'graphql'
import { LiveFeed } from './live-feed.ts'
import { DELIVERY } from './notes-graph.ts'
import { LOG_TYPES, logResolvers, ToyLog } from './toy-log.ts'
import { compose, ToySubgraph } from './toy-subgraph.ts'

export interface Review {
  id: string
  body: string
  authorId: string
}

/** Two subgraphs: reviews, which also streams them, and the users who wrote them. */
export class ToyGraph {
  readonly feed = new LiveFeed<Review>()
  readonly log = new ToyLog()
  readonly reviews: ToySubgraph
  readonly users: ToySubgraph
  /** Set to have other reviews. */
  reviewList: readonly Review[] | undefined

  constructor() {
    this.reviews = new ToySubgraph('reviews', REVIEWS, reviewResolvers(this))
    this.users = new ToySubgraph('users', USERS, USER_RESOLVERS)
  }

  async start(): Promise<this> {
    await Promise.all([this.reviews.start(), this.users.start()])
    return this
  }

  async stop(): Promise<void> {
    await Promise.all([this.reviews.stop(), this.users.stop()])
  }

  supergraphSdl(): string {
    return compose([this.reviews, this.users])
  }
}

const REVIEWS = `
  ${LOG_TYPES}
  type Query { reviews: [Review!] review(id: ID!): Review secret: String fails(code: String): String }
  type Mutation { addReview(body: String!): Review }
  type Subscription { reviewAdded(product: ID, tag: String = "none"): Review! forbidden: Review! soldOut: Review! brokenOff: Review! }
  type Review { id: ID! body: String! author: User }
  type User @key(fields: "id", resolvable: false) { id: ID! }
`

const REVIEW_LIST: Review[] = [
  { id: 'r1', body: 'Fine.', authorId: 'u1' },
  { id: 'r2', body: 'Not so fine.', authorId: 'u2' },
]

function reviewResolvers(graph: ToyGraph) {
  const log = logResolvers(graph.log)
  return {
    ...log,
    Query: {
      reviews: () => graph.reviewList ?? REVIEW_LIST,
      review: (_: unknown, { id }: { id: string }) => REVIEW_LIST.find((review) => review.id === id),
      fails: (_: unknown, { code }: { code?: string }) => {
        throw new GraphQLError('What the subgraph says.', { extensions: code === undefined ? {} : { code } })
      },
      secret: () => {
        throw new GraphQLError('The secret is not yours.', { extensions: { code: 'FORBIDDEN', serviceName: 'inner' } })
      },
    },
    Mutation: { addReview: (_: unknown, { body }: { body: string }) => ({ id: 'r3', body, authorId: 'u1' }) },
    Subscription: {
      ...log.Subscription,
      reviewAdded: { subscribe: () => graph.feed.watch(), resolve: (review: Review) => review },
      forbidden: {
        subscribe: () => {
          throw new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } })
        },
      },
      soldOut: {
        subscribe: () => {
          throw new GraphQLError('No more of it.', { extensions: { code: 'OUT_OF_STOCK' } })
        },
      },
      brokenOff: {
        subscribe: () => ({
          next: async () => Promise.reject(new Error('the database melted')),
          return: async () => ({ done: true, value: undefined }),
          [Symbol.asyncIterator]() {
            return this
          },
        }),
      },
    },
    Review: { author: ({ authorId }: Review) => ({ __typename: 'User', id: authorId }) },
  }
}

const USERS = `
  ${DELIVERY}
  type Query { user(id: ID!): User }
  type User @key(fields: "id") { id: ID! name: String! email: String handle: String @viewerIndependent }
`

const USER_RESOLVERS = {
  Query: { user: (_: unknown, { id }: { id: string }) => ({ id }) },
  User: {
    __resolveReference: async ({ id }: { id: string }) => (id === 'nobody' ? null : { id }),
    name: ({ id }: { id: string }) => `Name of ${id}`,
    handle: ({ id }: { id: string }) => `@${id}`,
    email: () => {
      throw new GraphQLError('Emails are private.', { extensions: { code: 'FORBIDDEN' } })
    },
  },
}
