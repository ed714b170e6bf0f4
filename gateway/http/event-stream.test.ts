import { createHash } from 'node:crypto'
import { createClient, type RequestParams } from 'graphql-sse'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { EventReader } from '../testing/event-reader.ts'
import { gaugeOf } from '../testing/gauges.ts'
import type { GraphqlResult } from '../testing/graphql-result.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const ADDED = 'subscription { reviewAdded { id author { name } } }'
const REVIEW = { id: 'a', body: 'Late.', authorId: 'u1' }
const EVENT = { data: { reviewAdded: { id: 'a', author: { name: 'Name of u1' } } } }

let toy: ToyGateway
let client: ReturnType<typeof createClient>
const readers: EventReader[] = []

beforeAll(async () => {
  toy = await startToyGateway({ EXPLORER: 'off', ALLOWED_ORIGINS: 'https://app.example' })
  client = createClient({ url: toy.url, retryAttempts: 0 })
})

afterEach(async () => {
  for (const reader of readers.splice(0)) reader.leave()
  await expect.poll(() => gaugeOf(toy.url, 'parley_gateway_http_streams')).toBe(0)
})

afterAll(async () => {
  client.dispose()
  await toy[Symbol.asyncDispose]()
})

const watchers = (count: number) => expect.poll(() => toy.graph.feed.watcherCount).toBe(count)

async function open(query: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await EventReader.open(toy.url, query, headers)
  readers.push(reader)
  return reader
}

const aliases = (count: number) => Array.from({ length: count }, (_, index) => `a${index}: __typename`).join(' ')

/** Everything that graphql-sse's own client is told, until the stream is complete. */
async function resultsOf(request: RequestParams): Promise<unknown[]> {
  const results: unknown[] = []
  for await (const result of client.iterate(request)) results.push(result)
  return results
}

/** The data of the events of one response, which must be complete. */
async function told(query: string): Promise<GraphqlResult[]> {
  const reader = await open(query)
  expect([reader.response.status, reader.response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ])
  const events = (await reader.rest()).filter((block) => block !== ':')
  expect(events.pop()).toBe('event: complete\ndata: ')
  return events.map((event) => JSON.parse(event.replace('event: next\ndata: ', '')))
}

describe('server-sent events', () => {
  it('carry a subscription to the client of graphql-sse until it is complete', async () => {
    const results = resultsOf({ query: ADDED })
    await watchers(1)
    toy.graph.feed.publish(REVIEW)
    toy.graph.feed.publish({ ...REVIEW, id: 'b' })
    toy.graph.feed.complete()
    expect(await results).toEqual([EVENT, { data: { reviewAdded: { id: 'b', author: { name: 'Name of u1' } } } }])
  })

  it('carry queries and mutations, with variables and the name of the operation', async () => {
    const query = 'query A($id: ID!) { review(id: $id) { body } } mutation B { addReview(body: "New.") { body } }'
    const asked = { query, variables: { id: 'r1' }, operationName: 'A' }
    expect(await resultsOf(asked)).toEqual([{ data: { review: { body: 'Fine.' } } }])
    expect(await resultsOf({ query, operationName: 'B' })).toEqual([{ data: { addReview: { body: 'New.' } } }])
  })

  it('carry operations that are known by their hash', async () => {
    const query = '{ review(id: "r2") { body } }'
    const sha256Hash = createHash('sha256').update(query).digest('hex')
    const extensions = { persistedQuery: { version: 1, sha256Hash } }
    expect(await resultsOf({ query: '', extensions })).toMatchObject([
      { errors: [{ message: 'PersistedQueryNotFound' }] },
    ])
    for (const given of [query, '']) {
      expect(await resultsOf({ query: given, extensions })).toEqual([{ data: { review: { body: 'Not so fine.' } } }])
    }
  })

  it('are written as the protocol says', async () => {
    const reader = await open(ADDED, { 'x-request-id': 'mine' })
    const { status, headers } = reader.response
    expect([status, Object.fromEntries(headers)]).toMatchObject([
      200,
      {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': 'mine',
      },
    ])
    expect(await reader.next()).toBe(':')
    await watchers(1)
    toy.graph.feed.publish(REVIEW)
    expect(await reader.next()).toBe(`event: next\ndata: ${JSON.stringify(EVENT)}`)
    toy.graph.feed.complete()
    expect(await reader.rest()).toEqual(['event: complete\ndata: '])
  })

  it('may be asked for by GET, as an EventSource does', async () => {
    const address = `${toy.url}?${new URLSearchParams({ query: 'query($id: ID!) { review(id: $id) { id } }', variables: '{"id":"r1"}' })}`
    const answer = await fetch(address, { headers: { accept: 'text/event-stream' } })
    expect(await answer.text()).toContain('event: next\ndata: {"data":{"review":{"id":"r1"}}}\n\nevent: complete')
    const mutation = `${toy.url}?${new URLSearchParams({ query: 'mutation { addReview(body: "x") { id } }' })}`
    const refused = await fetch(mutation, { headers: { accept: 'text/event-stream' } })
    expect(await refused.text()).toMatch(/^event: next\ndata: {"errors":\[{"message":"Send mutations by POST\."/)
  })

  it('are for web pages of allowed origins only, as sockets are', async () => {
    const address = `${toy.url}?${new URLSearchParams({ query: '{ __typename }' })}`
    const from = (origin: string) => fetch(address, { headers: { accept: 'text/event-stream', origin } })
    expect((await from('https://elsewhere.example')).status).toBe(403)
    const answer = await from('https://app.example')
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example'])
    await answer.text()
  })

  const refused: [what: string, query: string, code: string, message: RegExp][] = [
    ['has a syntax error', 'subscription { ', 'BAD_USER_INPUT', /Syntax Error/],
    ['asks for an unknown field', 'subscription { nothing }', 'BAD_USER_INPUT', /Cannot query field "nothing"/],
    [
      'makes the validation of graphql-js throw',
      'subscription($s: Boolean!) { forbidden @skip(if: $s) { id } }',
      'BAD_USER_INPUT',
      /not provided a runtime value/,
    ],
    ['lacks a variable', 'subscription($p: ID!) { reviewAdded(product: $p) { id } }', 'BAD_USER_INPUT', /"\$p"/],
    ['is too large', `{ ${'__typename '.repeat(2_001)} }`, 'OPERATION_TOO_EXPENSIVE', /tokens/],
    ['has too many aliases', `{ ${aliases(100)} }`, 'OPERATION_TOO_EXPENSIVE', /alias/],
    [
      'is nested too deep',
      `{ review ${'{ author '.repeat(900)}{ id }${' }'.repeat(900)} }`,
      'OPERATION_TOO_EXPENSIVE',
      /./,
    ],
    ['is refused by its subgraph', 'subscription { forbidden { id } }', 'FORBIDDEN', /Not for you/],
    ['breaks off upstream', 'subscription { brokenOff { id } }', 'INTERNAL_SERVER_ERROR', /quote the requestId/],
  ]

  it.each(refused)('tell the client that its operation %s, and are complete', async (_what, query, code, message) => {
    expect(await told(query)).toMatchObject([
      { errors: [{ message: expect.stringMatching(message), extensions: { code, requestId: expect.any(String) } }] },
    ])
  })

  it('are not begun for a request that is no operation', async () => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
    const post = async (body: string) => {
      const answer = await fetch(toy.url, { method: 'POST', headers, body })
      return [answer.status, ((await answer.json()) as GraphqlResult).errors?.[0]?.extensions.code]
    }
    const bodies = [
      '{"query": ',
      '[{"query":"{ __typename }"}]',
      '{}',
      '{"query":1}',
      '{"query":"{ a }","variables":[]}',
    ]
    for (const body of bodies) expect(await post(body)).toEqual([400, 'BAD_USER_INPUT'])
  })

  it('free everything upstream when the client leaves', async () => {
    const reader = await open(ADDED)
    await watchers(1)
    expect(await gaugeOf(toy.url, 'parley_gateway_subscriptions')).toBe(1)
    reader.leave()
    await watchers(0)
    await expect.poll(() => gaugeOf(toy.url, 'parley_gateway_subscriptions')).toBe(0)
    expect(await gaugeOf(toy.url, 'parley_gateway_upstream_subscriptions')).toBe(0)
  })

  it('go on where they were when the subgraph is lost', async () => {
    toy.graph.log.append('first')
    const reader = await open('subscription { logged(after: 0) { number body } }')
    expect(await reader.next()).toBe(':')
    expect(await reader.next()).toContain('{"number":1,"body":"first"}')
    toy.graph.reviews.cutSockets()
    toy.graph.log.append('second')
    expect(await reader.next()).toContain('{"number":2,"body":"second"}')
    reader.leave()
  })
})

describe('what a client accepts', () => {
  const query = '{ review(id: "r1") { id } }'
  const answered = async (accept: string | undefined, asked = query) => {
    const headers = { 'content-type': 'application/json', ...(accept !== undefined && { accept }) }
    const answer = await fetch(toy.url, { method: 'POST', headers, body: JSON.stringify({ query: asked }) })
    return [answer.status, answer.headers.get('content-type')?.split(';')[0], await answer.text()] as const
  }

  it('decides between JSON and events for a query', async () => {
    // urql's, with every operation.
    const urql =
      'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed'
    expect((await answered(urql))[1]).toBe('application/graphql-response+json')
    expect((await answered('application/json;q=0.5, text/event-stream'))[1]).toBe('text/event-stream')
    expect((await answered('text/event-stream, */*;q=0.1'))[1]).toBe('text/event-stream')
    expect((await answered('*/*'))[1]).toBe('application/json')
    expect((await answered('multipart/mixed;subscriptionSpec=1.0, application/json'))[1]).toBe('application/json')
  })

  it('decides between the two streams for a subscription', async () => {
    const forbidden = 'subscription { forbidden { id } }'
    const typeOf = async (accept: string) => (await answered(accept, forbidden))[1]
    expect(await typeOf('application/json, text/event-stream, multipart/mixed;subscriptionSpec=1.0')).toBe(
      'text/event-stream',
    )
    expect(await typeOf('text/event-stream;q=0.5, multipart/mixed;subscriptionSpec=1.0')).toBe('multipart/mixed')
    expect(await typeOf('text/event-stream, multipart/mixed')).toBe('text/event-stream')
  })

  it('must be a stream for a subscription: the refusal names all ways to get one', async () => {
    for (const accept of [undefined, '*/*', 'application/json', 'multipart/mixed;deferSpec=20220824']) {
      const [status, type, text] = await answered(accept, ADDED)
      expect([status, type]).toEqual([400, 'application/json'])
      expect(text).toMatch(/text\/event-stream.+multipart\/mixed;subscriptionSpec=1\.0.+graphql-transport-ws/)
    }
  })

  it('opens no stream by HEAD', async () => {
    const address = `${toy.url}?${new URLSearchParams({ query: ADDED })}`
    const answer = await fetch(address, { method: 'HEAD', headers: { accept: 'text/event-stream' } })
    expect(answer.status).toBe(400)
    expect(toy.graph.feed.watcherCount).toBe(0)
  })
})
