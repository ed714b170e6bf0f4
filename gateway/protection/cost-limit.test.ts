import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readGatewayConfig } from '../config.ts'
import { type RunningGateway, startGateway } from '../gateway.ts'
import { loadSupergraph } from '../supergraph/supergraph.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { post } from '../testing/start-toy-gateway.ts'
import { compose, ToySubgraph } from '../testing/toy-subgraph.ts'
import { OperationDocuments } from './operation-documents.ts'

const LIBRARY = `
  type Query {
    book: Book
    books(first: Int, last: Int): [Book]
    shelf(first: Int = 20): [Book]
    titles(first: Int): [String]
    things: [Thing]
  }
  type Mutation { lend: Book count: Int }
  type Subscription { lent: Book }
  interface Thing { title: String }
  type Book implements Thing { title: String twin: Book sequels(first: Int): [Book] }
  type Map implements Thing { title: String of: Book }
`

const { limits } = readGatewayConfig({})
const { clientSchema: parley } = await loadSupergraph(readGatewayConfig({}).supergraph, {})
const library = new ToySubgraph('library', LIBRARY, { Query: { book: () => ({ title: 'Emma' }) } })

let folder: string
let supergraph: string

beforeAll(async () => {
  await library.start()
  folder = await mkdtemp(join(tmpdir(), 'parley-cost-'))
  supergraph = join(folder, 'supergraph.graphql')
  await writeFile(supergraph, compose([library]))
})

afterAll(async () => {
  await library.stop()
  await rm(folder, { recursive: true })
})

/** What an operation on the library costs, as its refusal tells. */
async function costOf(query: string, variables?: object): Promise<number> {
  const { clientSchema: schema } = await loadSupergraph(supergraph, {})
  const documents = new OperationDocuments({ schema, limits: { ...limits, cost: -1 }, production: false })
  const message = documents.read({ query, variables }).errors?.[0]?.message ?? ''
  const [, cost] = /^The operation costs (\d+); the limit is -1\./.exec(message) ?? [message]
  if (cost === undefined) throw new Error(message)
  return Number(cost)
}

describe('the cost of an operation', () => {
  it.each([
    ['an object with scalars is 1', '{ book { title } }', 1],
    ['a list of scalars is nothing, whatever its page', '{ titles(first: 100) __typename }', 0],
    ['introspection is nothing', getIntrospectionQuery(), 0],
    ['a page is its objects, and what is on each of them', '{ books(first: 3) { sequels(first: 4) { title } } }', 15],
    ['a page in a page multiplies', '{ books(first: 3) { sequels(first: 4) { sequels(first: 9) { title } } } }', 123],
    ['a list without pages counts as one', '{ things { title } }', 1],
    ['a page of no given size has 50', '{ books { twin { title } } }', 100],
    ['a page has the size the schema says', '{ shelf { twin { title } } }', 40],
    ['a mutation is 10, whatever it answers', 'mutation { lend { sequels(first: 7) { title } } count }', 27],
    ['a mutation in a fragment is 10', 'mutation { ...A } fragment A on Mutation { count }', 10],
    ['a subscription is that of one event', 'subscription { lent { twin { title } } }', 2],
    [
      'a fragment counts wherever it is spread',
      '{ book { ...A } books(first: 5) { ...A } } fragment A on Book { twin { title } }',
      12,
    ],
    [
      'fragments on several types all count',
      '{ things { ... on Book { twin { title } } ... on Map { of { title } } ... { title } } }',
      3,
    ],
  ])('of %s', async (_what, query, cost) => {
    expect(await costOf(query)).toBe(cost)
  })
})

describe('the size of a page', () => {
  const sized = 'query($n: Int) { books(first: $n) { twin { title } } }'
  const defaulted = 'query($n: Int = 7) { books(first: $n) { twin { title } } }'

  it.each([
    ['is the larger of `first` and `last`', '{ books(first: 2, last: 9) { twin { title } } }', {}, 18],
    ['is at least 1', '{ books(first: -5) { twin { title } } }', {}, 2],
    ['comes from a variable', sized, { n: 30 }, 60],
    ['is 50 when the variable is not sent', sized, {}, 100],
    ['is 50 when the variable is null', sized, { n: null }, 100],
    ['is 50 when the variable is no number', sized, { n: 'many' }, 100],
    ['comes from the default of a variable', defaulted, {}, 14],
    ['is 50 when a null replaces the default of a variable', defaulted, { n: null }, 100],
    ['counts its own objects, too', '{ books(first: 1000) { title } }', {}, 1_000],
    ['may be too large to count', sized, JSON.parse('{"n":1e999}'), Number.MAX_SAFE_INTEGER],
  ])('%s', async (_what, query, variables, cost) => {
    expect(await costOf(query, variables)).toBe(cost)
  })
})

describe('in Parley', () => {
  const documents = new OperationDocuments({ schema: parley, limits, production: true })
  const complaint = (query: string, variables?: object) => documents.read({ query, variables }).errors?.[0]?.message
  const listing = 'query($n: Int) { conversation(id: "c") { messages(last: $n) { nodes { id } } } }'

  it('a list of conversations with their messages and authors is affordable', () => {
    expect(complaint('{ conversations { nodes { messages { nodes { author { displayName } } } } } }')).toBeUndefined()
  })

  it('a hundred messages with a hundred messages each are not', () => {
    const inner = 'conversation { messages(last: 100) { nodes { number } } }'
    expect(complaint(`{ conversation(id: "c") { messages(last: 100) { nodes { ${inner} } } } }`)).toBe(
      'The operation costs 10302; the limit is 10000. Ask for less, or in smaller pages.',
    )
  })

  it('an operation may cost 10,000 and no more, as its variables decide', () => {
    expect(complaint(listing, { n: 9_998 })).toBeUndefined()
    expect(complaint(listing, { n: 9_999 })).toContain('costs 10001')
    expect(complaint(listing, { n: 9_998 })).toBeUndefined()
  })

  it('of several operations only the one to run counts', () => {
    const query = 'query A { me { id } } query B { conversations(first: 100000) { nodes { id } } }'
    const read = (operationName: string) => documents.read({ query, operationName, variables: undefined }).errors
    expect(read('A')).toBeUndefined()
    expect(read('B')).toHaveLength(1)
  })
})

describe('a gateway', () => {
  const TOO_EXPENSIVE = { extensions: { code: 'OPERATION_TOO_EXPENSIVE', requestId: expect.any(String) } }
  const operations = [
    ['query', 'query($n: Int) { books(first: $n) { sequels { title } } }'],
    ['mutation', 'mutation($n: Int) { lend { sequels(first: $n) { sequels { title } } } }'],
    ['subscription', 'subscription($n: Int) { lent { sequels(first: $n) { sequels { title } } } }'],
  ] as const
  const variables = { n: 1_000_000_000 }
  const answer = { data: { book: { title: 'Emma' } } }
  let gateway: RunningGateway
  let url: string

  beforeAll(async () => {
    const environment = { PORT: '0', SUPERGRAPH: supergraph, LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }
    gateway = await startGateway(readGatewayConfig(environment))
    url = `${gateway.url}/graphql`
  })

  afterAll(() => gateway[Symbol.asyncDispose]())

  it.each(operations.slice(0, 2))('refuses an expensive %s over HTTP, and asks no subgraph', async (_kind, query) => {
    const before = library.requests.length
    const { status, body } = await post(url, JSON.stringify({ query, variables }))
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([TOO_EXPENSIVE])
    expect(library.requests.length).toBe(before)
    expect((await post(url, JSON.stringify({ query: '{ book { title } }' }))).body).toEqual(answer)
  })

  it('refuses an expensive query in a GET', async () => {
    const parameters = new URLSearchParams({ query: operations[0][1], variables: JSON.stringify(variables) })
    const refusal = await fetch(`${url}?${parameters}`, { headers: { 'apollo-require-preflight': 'true' } })
    expect(refusal.status).toBe(400)
    expect(await refusal.json()).toMatchObject({ errors: [TOO_EXPENSIVE] })
  })

  it.each(operations)('refuses an expensive %s on a socket, and serves the next', async (_kind, query) => {
    const client = await SocketClient.connect(url.replace('http', 'ws'))
    client.subscribe('bad', query, variables)
    expect(await client.next()).toMatchObject({ type: 'error', id: 'bad', payload: [TOO_EXPENSIVE] })
    client.subscribe('good', '{ book { title } }')
    expect(await client.next()).toMatchObject({ type: 'next', id: 'good', payload: answer })
    await client.close()
  })
})
