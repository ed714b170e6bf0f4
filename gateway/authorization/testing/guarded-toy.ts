import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newUuid } from '../../../platform/ids.ts'
import { readGatewayConfig } from '../../config.ts'
import { type GatewayOverrides, startGateway } from '../../gateway.ts'
import { startTokenIssuer, type TokenIssuer, type TokenOptions } from '../../testing/access-tokens.ts'
import { LiveFeed } from '../../testing/live-feed.ts'
import { DELIVERY } from '../../testing/notes-graph.ts'
import { type Answer, post } from '../../testing/start-toy-gateway.ts'
import { compose, ToySubgraph } from '../../testing/toy-subgraph.ts'

const START = new Date('2030-01-01T00:00:00Z')

interface Review {
  readonly id: string
}

/** Two subgraphs whose fields not everybody may see, and a gateway that verifies tokens in front of them. */
export class GuardedToy implements AsyncDisposable {
  readonly feed = new LiveFeed<Review>()
  readonly reviews = new ToySubgraph('reviews', REVIEWS, reviewResolvers(this.feed))
  readonly people = new ToySubgraph('people', PEOPLE, PEOPLE_RESOLVERS)
  readonly #closing = new AsyncDisposableStack()
  #issuer: TokenIssuer | undefined
  #url = ''
  #supergraph = ''

  static async start(overrides: GatewayOverrides = {}): Promise<GuardedToy> {
    const toy = new GuardedToy()
    await Promise.all([toy.reviews.start(), toy.people.start()])
    toy.#closing.defer(async () => void (await Promise.all([toy.reviews.stop(), toy.people.stop()])))
    const folder = await mkdtemp(join(tmpdir(), 'parley-guarded-'))
    toy.#closing.defer(() => rm(folder, { recursive: true }))
    const supergraph = join(folder, 'supergraph.graphql')
    toy.#supergraph = supergraph
    await toy.serve()
    toy.#issuer = toy.#closing.use(await startTokenIssuer())
    const environment = { ...toy.#issuer.environment, PORT: '0', SUPERGRAPH: supergraph, LOG_LEVEL: 'silent' }
    const config = readGatewayConfig({ ...environment, LOG_FORMAT: 'json' })
    const gateway = toy.#closing.use(await startGateway(config, { now: () => START, ...overrides }))
    toy.#url = `${gateway.url}/graphql`
    return toy
  }

  /** Gives the gateway another supergraph. */
  async serve(edit: (sdl: string) => string = (sdl) => sdl): Promise<void> {
    await writeFile(this.#supergraph, edit(compose([this.reviews, this.people])))
  }

  get url(): string {
    return this.#url
  }

  get socketUrl(): string {
    return this.#url.replace('http', 'ws')
  }

  /** What a client proves itself with; of a new user unless the options say whose. */
  bearer(scope: string, options: Partial<TokenOptions> = {}): string {
    const token = this.#issuer?.token({ issuedAt: START, expiresInSeconds: 600, userId: newUuid(), scope, ...options })
    return `Bearer ${token}`
  }

  /** @param scope undefined: anonymous. */
  async query(query: string, scope?: string, variables?: object): Promise<Answer['body']> {
    const headers = scope === undefined ? {} : { authorization: this.bearer(scope) }
    const { body } = await post(this.#url, JSON.stringify({ query, variables }), headers)
    return body
  }

  /** What the subgraphs were asked over HTTP since the last time, those of people at the end. */
  fetches(): string[] {
    const asked = [this.reviews, this.people].flatMap(({ requests }) => requests.splice(0))
    return asked.map(({ body }) => JSON.parse(body).query)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing.disposeAsync()
  }
}

const REVIEWS = `
  type Query {
    open: String
    mine: String @federation__authenticated
    strict: String! @federation__authenticated
    judged: String @federation__policy(policies: [["judge"]])
    reviews: [Review!]
    none: [Review!]
    many: [Review!]
    nobody: Review
    pair: [[Review]]
    media: [Media]
    hits: [Hit!]
    strictHits: [Media!]
    at: Time
    mood: Mood
  }
  type Mutation {
    write(text: String): String @federation__requiresScopes(scopes: [["write"]])
    look: String
  }
  type Subscription { told: Review @federation__requiresScopes(scopes: [["told"]]) said(topic: ID): Review }
  type Review {
    id: ID!
    note: String @federation__authenticated
    draft: String! @federation__requiresScopes(scopes: [["draft"]])
    more: Review
    author: User
  }
  type User @key(fields: "id", resolvable: false) { id: ID! }
  interface Media { id: ID! title: String }
  type Book implements Media { id: ID! title: String @federation__authenticated }
  type Film implements Media { id: ID! title: String }
  type Diary implements Media @federation__requiresScopes(scopes: [["diary"]]) { id: ID! title: String }
  union Hit = Film | Diary
  scalar Time @federation__authenticated
  enum Mood @federation__authenticated { HAPPY }
`

const ALL_MEDIA = ['Book', 'Film', 'Diary'].map((type) => ({ __typename: type, id: type, title: `A ${type}` }))

function reviewResolvers(feed: LiveFeed<Review>) {
  const subscribed = { subscribe: () => feed.watch(), resolve: (review: Review) => review }
  return {
    Query: {
      open: () => 'open',
      mine: () => 'mine',
      strict: () => 'strict',
      judged: () => 'judged',
      reviews: () => [{ id: 'r1' }, { id: 'r2' }],
      none: () => [],
      many: () => Array.from({ length: 150 }, (_, index) => ({ id: `r${index}` })),
      pair: () => [[{ id: 'r1' }, null], []],
      media: () => ALL_MEDIA,
      hits: () => ALL_MEDIA.slice(1),
      strictHits: () => ALL_MEDIA,
      at: () => 'now',
      mood: () => 'HAPPY',
    },
    Mutation: { write: (_: unknown, { text }: { text: string }) => `wrote ${text}`, look: () => 'looked' },
    Subscription: { told: subscribed, said: subscribed },
    Review: {
      note: ({ id }: Review) => `Note of ${id}`,
      draft: ({ id }: Review) => `Draft of ${id}`,
      author: ({ id }: Review) => ({ __typename: 'User', id: `author of ${id}` }),
    },
  }
}

const PEOPLE = `
  ${DELIVERY}
  type Query { person: User }
  type User @key(fields: "id") {
    id: ID!
    name: String @viewerIndependent
    email: String @federation__requiresScopes(scopes: [["email"]]) @viewerIndependent
    phone: String @federation__requiresScopes(scopes: [["email", "phone"], ["admin"]])
  }
`

const PEOPLE_RESOLVERS = {
  User: {
    __resolveReference: ({ id }: { id: string }) => ({ id }),
    name: ({ id }: { id: string }) => `Name of ${id}`,
    email: ({ id }: { id: string }) => `Email of ${id}`,
    phone: ({ id }: { id: string }) => `Phone of ${id}`,
  },
}
