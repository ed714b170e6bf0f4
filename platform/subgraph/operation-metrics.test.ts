import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NotFoundError } from '../errors.ts'
import { newUuid } from '../ids.ts'
import { scrape, scrapeOne } from '../testing/scrape.ts'
import type { RunningServer } from './server.ts'
import { GatewayEnd } from './testing/gateway-end.ts'
import { PushedSource } from './testing/pushed-source.ts'
import { startTestSubgraph } from './testing/test-subgraph.ts'
import { TestTokens } from './testing/test-tokens.ts'

const TOTAL = 'parley_subgraph_operations_total'

let tokens: TestTokens
let source: PushedSource<string>
let server: RunningServer
let gateway: GatewayEnd

beforeEach(async () => {
  ;[tokens, source] = [new TestTokens(), new PushedSource<string>()]
  server = await startTestSubgraph({ schema, tokens })
  gateway = await GatewayEnd.connect(server.url)
})

afterEach(async () => {
  gateway.socket.terminate()
  await server[Symbol.asyncDispose]()
})

const schema = buildSubgraphSchema([
  {
    typeDefs: parse(`
      type Query { one: Int two: Int missing: Int broken: Int thing(id: ID): Thing }
      type Mutation { change: Int }
      type Subscription { told: String refused: String }
      type Thing @key(fields: "id") { id: ID }
    `),
    resolvers: {
      Query: {
        one: () => 1,
        missing: () => {
          throw new NotFoundError('thing')
        },
        broken: () => {
          throw new Error('No.')
        },
      },
      Mutation: { change: () => 1 },
      Thing: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
      Subscription: {
        told: { subscribe: () => source, resolve: (event: string) => event },
        refused: {
          subscribe: () => {
            throw new NotFoundError('thing')
          },
        },
      } as never,
    },
  },
])

async function post(body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) })
}

const counted = () => scrapeOne(server.url, TOTAL)

/** So many fragments, each of which holds the next one twice. */
function doubling(count: number): string {
  const fragments = Array.from({ length: count }, (_, index) => {
    const next = index + 1 < count ? `...F${index + 1} ...F${index + 1}` : 'two'
    return `fragment F${index} on Query { ${next} }`
  })
  return `{ ...F0 } ${fragments.join(' ')}`
}

describe('operations over HTTP', () => {
  it.each<[query: string, series: string]>([
    ['query Mine { alias: one __typename }', 'type="query",field="one",code="OK"'],
    ['{ one again: one ... on Query { one } }', 'type="query",field="one",code="OK"'],
    ['{ ...Both } fragment Both on Query { one two }', 'type="query",field="several",code="OK"'],
    [doubling(60), 'type="query",field="two",code="OK"'],
    ['mutation { change }', 'type="mutation",field="change",code="OK"'],
    ['{ __schema { queryType { name } } }', 'type="query",field="introspection",code="OK"'],
    ['{ _entities(representations: []) { __typename } }', 'type="query",field="_entities",code="OK"'],
    ['{ missing }', 'type="query",field="missing",code="NOT_FOUND"'],
    ['{ broken }', 'type="query",field="broken",code="INTERNAL_SERVER_ERROR"'],
    ['{ nothingLikeThis }', 'type="unknown",field="unknown",code="BAD_USER_INPUT"'],
    ['{', 'type="unknown",field="unknown",code="BAD_USER_INPUT"'],
  ])('are counted by what they ask for: %s', async (query, series) => {
    await post({ query })
    expect(await counted()).toEqual({ [series]: 1 })
  })

  it('take time, which is measured', async () => {
    for (const query of ['{ one }', '{ one two }', '{']) await post({ query })
    expect(await scrapeOne(server.url, 'parley_subgraph_operation_duration_seconds_count')).toEqual({
      'type="query",field="one"': 1,
      'type="query",field="several"': 1,
      'type="unknown",field="unknown"': 1,
    })
  })

  it('bring no series of their own, however they are named and whatever is wrong with them', async () => {
    for (let index = 0; index < 20; index += 1) {
      await post({ query: `query Q${index} { a${index}: one }`, operationName: `Q${index}` })
      await post({ query: `query Q${index} { one }`, operationName: `another ${index}` })
      await post({ query: `{ field${index} }` })
      await post({ [`key${index}`]: 'no operation' })
    }
    expect(await counted()).toEqual({
      'type="query",field="one",code="OK"': 20,
      'type="unknown",field="unknown",code="BAD_USER_INPUT"': 60,
    })
  })
})

describe('operations over a socket', () => {
  it('are counted when they have run', async () => {
    gateway.subscribe('1', { query: '{ one }' })
    await gateway.take(2)
    gateway.subscribe('2', { query: '{ missing }' })
    await gateway.take(2)
    expect(await counted()).toEqual({
      'type="query",field="one",code="OK"': 1,
      'type="query",field="missing",code="NOT_FOUND"': 1,
    })
  })

  it('are counted when they are refused', async () => {
    gateway.subscribe('1', { query: 'subscription { refused }' })
    gateway.subscribe('2', { query: 'subscription { nothingLikeThis }' })
    gateway.subscribe('3', { query: 'subscription { told }', extensions: { authorization: 'Bearer forged' } })
    await gateway.take(4)
    expect(await counted()).toEqual({
      'type="subscription",field="refused",code="NOT_FOUND"': 1,
      'type="unknown",field="unknown",code="BAD_USER_INPUT"': 1,
      'type="unknown",field="unknown",code="UNAUTHENTICATED"': 1,
    })
  })

  it('are counted when a stream opens, and once more when it ends with an error', async () => {
    const authorization = tokens.bearer({ viewer: { userId: newUuid(), sessionId: newUuid() }, seconds: 60 })
    gateway.subscribe('1', { query: 'subscription { told }', extensions: { authorization } })
    await expect.poll(counted).toEqual({ 'type="subscription",field="told",code="OK"': 1 })
    source.push('something')
    await gateway.next()
    tokens.time += 61_000
    source.push('something else')
    await gateway.take(2)

    const told = await scrape(server.url)
    expect(told(TOTAL)).toEqual({
      'type="subscription",field="told",code="OK"': 1,
      'type="subscription",field="told",code="UNAUTHENTICATED"': 1,
    })
    expect(told('parley_subgraph_operation_duration_seconds_count')).toEqual({ 'type="subscription",field="told"': 1 })
  })
})
