import { afterEach, describe, expect, it } from 'vitest'
import { alteredSdl, replaceSupergraph } from './testing/altered-graph.ts'
import { EventReader } from './testing/event-reader.ts'
import { gaugeOf, metricsOf } from './testing/gauges.ts'
import { LogLines } from './testing/log-lines.ts'
import { MultipartClient } from './testing/multipart-client.ts'
import { SocketClient } from './testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from './testing/start-toy-gateway.ts'

const NAME = '{ user(id: "u1") { name } }'
const ADDED = 'subscription { reviewAdded { id } }'

let toy: ToyGateway
const departures: (() => void)[] = []

async function start(environment: NodeJS.ProcessEnv = {}) {
  toy = await startToyGateway(environment)
}

afterEach(async () => {
  for (const leave of departures.splice(0)) leave()
  await toy[Symbol.asyncDispose]()
})

async function socket(): Promise<SocketClient> {
  const client = await SocketClient.connect(toy.socketUrl)
  departures.push(() => client.socket.terminate())
  return client
}

const metric = (name: string) => gaugeOf(toy.url, `parley_gateway_${name}`)

/** The counts of a metric that are not zero, by their labels. */
async function counts(name: string): Promise<Record<string, number>> {
  const beginning = `parley_gateway_${name}{`
  const found = [...(await metricsOf(toy.url))].filter(([series, value]) => series.startsWith(beginning) && value > 0)
  return Object.fromEntries(
    found.map(([series, value]) => [series.slice(beginning.length, -1).replaceAll('"', ''), value]),
  )
}

/** How many operations were counted, by type, root field and code. */
async function operations(): Promise<Record<string, number>> {
  const found = Object.entries(await counts('operations_total'))
  return Object.fromEntries(
    found.map(([labels, value]) => [labels.replace(/(type|field|code)=/g, '').replaceAll(',', ' '), value]),
  )
}

describe('operations', () => {
  it('are counted by type, root field and code, whatever clients call them', async () => {
    await start()
    const [{ url }, headers] = [toy, { 'apollo-require-preflight': 'yes' }]
    await toy.query(NAME)
    await toy.query('query Mine { mine: user(id: "u1") { name } again: user(id: "u2") { name } }')
    await toy.query('query { ...All } fragment All on Query { reviews { id } user(id: "u1") { name } }')
    await toy.query('{ __schema { queryType { name } } __typename }')
    await toy.query('{ secret }')
    await toy.query('{ user(id: "u1") { email } }')
    await toy.query('{ fails(code: "OUT_OF_STOCK") }')
    await toy.query('mutation { addReview(body: "x") { id } }')
    await toy.query('{ nothing }')
    await toy.query('{')
    await fetch(`${url}?${new URLSearchParams({ query: NAME })}`, { headers })
    await fetch(`${url}?${new URLSearchParams({ query: 'mutation { addReview(body: "x") { id } }' })}`, { headers })
    await fetch(url, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } })
    expect(await operations()).toEqual({
      'query user OK': 3,
      'query several OK': 1,
      'query introspection OK': 1,
      'query secret FORBIDDEN': 1,
      'query user FORBIDDEN': 1,
      'query fails INTERNAL_SERVER_ERROR': 1,
      'mutation addReview OK': 1,
      'mutation addReview BAD_USER_INPUT': 1,
      'unknown unknown BAD_USER_INPUT': 3,
    })
    expect(await metric('operation_duration_seconds_count{type="query",field="user"}')).toBe(4)
  })

  it('are counted alike on sockets and as streams', async () => {
    await start()
    const client = await socket()
    client.subscribe('1', NAME)
    client.subscribe('2', '{ secret }')
    client.subscribe('3', '{ nothing }')
    for (let count = 0; count < 5; count += 1) await client.next()
    await (await EventReader.open(toy.url, NAME)).rest()
    await (await EventReader.open(toy.url, '{ nothing }')).rest().catch(() => {})
    await expect.poll(operations).toEqual({
      'query user OK': 2,
      'query secret FORBIDDEN': 1,
      'unknown unknown BAD_USER_INPUT': 2,
    })
  })

  it('are counted when they are subscriptions that open, and once more when these end with an error', async () => {
    await start()
    const client = await socket()
    client.subscribe('1', ADDED)
    client.subscribe('2', 'subscription { forbidden { id } }')
    expect((await client.next()).payload?.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    const [events, parts] = [
      await EventReader.open(toy.url, ADDED),
      await MultipartClient.subscribe(toy.url, { query: ADDED }),
    ]
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(3)
    const counted = { 'subscription reviewAdded OK': 3, 'subscription forbidden FORBIDDEN': 1 }
    await expect.poll(operations).toEqual(counted)
    expect(await metric('operation_duration_seconds_count{type="subscription",field="reviewAdded"}')).toBe(3)
    expect(await metric('operation_duration_seconds_bucket{le="1",type="subscription",field="reviewAdded"}')).toBe(3)
    client.send({ type: 'complete', id: '1' })
    events.leave()
    parts.leave()
    await expect.poll(() => metric('subscriptions')).toBe(0)
    expect(await operations()).toEqual(counted)
  })

  it('are not counted as open while their subgraph is away', async () => {
    await start()
    await toy.graph.reviews.stop()
    const client = await socket()
    client.subscribe('1', 'subscription { logged { number } }')
    client.subscribe('2', ADDED)
    expect((await client.next()).payload?.errors?.[0]?.extensions.code).toBe('SUBGRAPH_UNAVAILABLE')
    await expect.poll(() => metric('subscriptions')).toBe(1)
    const ended = { 'subscription reviewAdded SUBGRAPH_UNAVAILABLE': 1 }
    expect(await operations()).toEqual(ended)
    client.send({ type: 'complete', id: '1' })
    await expect.poll(operations).toEqual({ ...ended, 'subscription logged ABANDONED': 1 })
  })

  it('are told apart from those that a gateway is too full to take, or takes no more because it stops', async () => {
    await start({ LIMIT_SOCKETS: '1', SHUTDOWN_GRACE_MS: '4000' })
    const client = await socket()
    expect((await EventReader.open(toy.url, NAME)).response.status).toBe(503)
    await expect.poll(operations).toEqual({ 'unknown unknown OVERLOADED': 1 })
    client.socket.terminate()
    await expect.poll(() => metric('sockets')).toBe(0)
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<false>()
    toy.graph.users.intercept = () => {
      arrived.resolve()
      return released.promise
    }
    const asked = await EventReader.open(toy.url, NAME)
    await arrived.promise
    const stopped = toy.gateway[Symbol.asyncDispose]()
    expect((await EventReader.open(toy.url, NAME)).response.status).toBe(503)
    expect(await operations()).toEqual({ 'unknown unknown OVERLOADED': 1, 'unknown unknown DRAINING': 1 })
    released.resolve(false)
    await asked.rest()
    await stopped
  })

  it('are counted as abandoned when their client has gone', async () => {
    await start()
    const arrived = Promise.withResolvers<void>()
    toy.graph.users.intercept = () => {
      arrived.resolve()
      return true
    }
    const departure = new AbortController()
    const asked = fetch(`${toy.url}?${new URLSearchParams({ query: NAME })}`, {
      headers: { 'apollo-require-preflight': 'yes' },
      signal: departure.signal,
    })
    await arrived.promise
    departure.abort()
    await expect(asked).rejects.toThrow()
    await expect.poll(operations).toEqual({ 'query user ABANDONED': 1 })
    expect(await counts('subgraph_requests_total')).toEqual({ 'subgraph=users,result=abandoned': 1 })
  })

  it('are told in the debug log in the words of the subgraphs', async () => {
    const log = new LogLines()
    toy = await startToyGateway({}, { logger: log.logger })
    await toy.query('{ secret }')
    expect(log.lines('debug')).toContainEqual(
      expect.objectContaining({
        ...{ msg: 'an operation was answered', type: 'query', field: 'secret', code: 'FORBIDDEN' },
        ...{ requestId: expect.any(String), tookMs: expect.any(Number) },
      }),
    )
  })

  it('are counted for each of those who get the same answer', async () => {
    await start({ DEDUPLICATE_QUERIES: 'true' })
    const released = Promise.withResolvers<false>()
    toy.graph.users.intercept = () => released.promise
    const asked = [toy.query(NAME), toy.query(NAME)]
    await expect.poll(() => toy.graph.users.requests.length).toBe(1)
    await fetch(`${toy.gateway.url}/health`)
    released.resolve(false)
    await Promise.all(asked)
    expect(await operations()).toEqual({ 'query user OK': 2 })
  })
})

describe('what an operation needs', () => {
  it('is counted by subgraph and by how the request ended', async () => {
    await start({ LIMIT_OPERATION_MS: '500' })
    await toy.query('{ reviews { id author { name } } }')
    await toy.query('{ secret }')
    toy.graph.users.intercept = (response) => Boolean(response.writeHead(500).end())
    await toy.query(NAME)
    toy.graph.users.intercept = () => true
    await toy.query('{ user(id: "u2") { name } }')
    expect(await counts('subgraph_requests_total')).toEqual({
      'subgraph=reviews,result=ok': 1,
      'subgraph=reviews,result=errors': 1,
      'subgraph=users,result=ok': 1,
      'subgraph=users,result=unavailable': 1,
      'subgraph=users,result=timeout': 1,
    })
    expect(await metric('subgraph_request_duration_seconds_count{subgraph="users"}')).toBe(3)
  })

  it('is counted as found or made of documents and plans', async () => {
    await start()
    for (let count = 0; count < 3; count += 1) await toy.query(NAME)
    const client = await socket()
    client.subscribe('1', ADDED)
    client.subscribe('2', ADDED)
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(2)
    expect(await counts('document_cache_requests_total')).toEqual({ 'result=hit': 3, 'result=miss': 2 })
    expect(await counts('plan_cache_requests_total')).toEqual({ 'result=hit': 3, 'result=miss': 2 })
    expect(await metric('plan_cache_entries')).toBe(2)
    expect(await metric('planning_duration_seconds_count')).toBe(2)
  })
})

describe('subscriptions', () => {
  it('are counted by their events, by what they were taken up again after, and their sockets by how they close', async () => {
    await start()
    const [client, other] = [await socket(), await socket()]
    for (const each of [client, other]) each.subscribe('1', 'subscription { logged { number } }')
    await expect.poll(() => metric('upstream_subscriptions')).toBe(2)
    await expect.poll(() => toy.graph.log.watcherCount).toBe(2)
    toy.graph.log.append('one')
    for (const each of [client, other]) await each.next()
    expect(await metric('events_total')).toBe(2)
    expect(await metric('event_completion_duration_seconds_count')).toBe(2)
    toy.graph.reviews.cutSockets()
    await expect.poll(() => metric('upstream_reconnections_total')).toBe(2)
    client.socket.close(4321)
    other.socket.close(1000)
    await expect.poll(() => counts('socket_closes_total')).toEqual({ 'code=other': 1, 'code=1000': 1 })
  })
})

describe('a supergraph that takes the place of another', () => {
  it('is counted in the same series, which go on', async () => {
    await start()
    await toy.query(NAME)
    for (const users of [{ replace: ['email: String', ''] as const }, {}]) {
      await replaceSupergraph(toy, alteredSdl(toy, { users }))
      await toy.gateway.reload()
      await toy.query(NAME)
    }
    const { status } = await fetch(new URL('/metrics', toy.url))
    expect(status).toBe(200)
    expect(await operations()).toEqual({ 'query user OK': 3 })
    expect(await counts('subgraph_requests_total')).toEqual({ 'subgraph=users,result=ok': 3 })
    expect(await counts('plan_cache_requests_total')).toEqual({ 'result=miss': 3 })
    expect(await metric('plan_cache_entries')).toBe(1)
  })
})

describe('the series of a gateway', () => {
  it('do not grow with what clients send', async () => {
    await start()
    const send = async (number: number) => {
      const word = `w${number}`
      const headers = { 'x-request-id': word, 'user-agent': word, 'apollographql-client-name': word, traceparent: word }
      await toy.query(`query ${word} { ${word}: user(id: "${word}") { ${word}: name } }`, { headers })
      await toy.query(`{ ${word} }`, { headers })
      await toy.query(`subscription ${word} { ${word} }`)
      await toy.query(`{ fails(code: "CODE_${number}") }`)
      await fetch(`${toy.gateway.url}/${word}/${word}?${word}=${word}`, { method: number % 2 ? 'PUT' : 'PROPFIND' })
    }
    const seriesOfGateway = async () =>
      [...(await metricsOf(toy.url)).keys()].filter((series) => series.startsWith('parley_'))
    const client = await socket()
    const all = async (from: number, to: number) => {
      let next = from
      const go = async () => {
        for (let number = next++; number < to; number = next++) {
          client.subscribe(String(number), `query W${number} { w${number}: user(id: "u1") { id } }`)
          await send(number)
        }
      }
      await Promise.all(Array.from({ length: 8 }, go))
      for (let frame = 2 * from; frame < 2 * to; frame += 1) await client.next()
    }
    await all(0, 4)
    await metricsOf(toy.url)
    const before = await seriesOfGateway()
    await all(4, 404)
    expect(await seriesOfGateway()).toEqual(before)
    expect((await operations())['query user OK']).toBe(808)
  }, 240_000)
})

describe('every process', () => {
  it('tells of its requests, of itself and of Node', async () => {
    await start()
    await toy.query(NAME)
    await fetch(`${toy.gateway.url}/nowhere`)
    const found = await metricsOf(toy.url)
    expect(found.get('parley_http_requests_total{method="POST",route="/graphql",status="200"}')).toBe(1)
    expect(found.get('parley_http_requests_total{method="GET",route="unknown",status="404"}')).toBe(1)
    expect(found.get('parley_http_request_duration_seconds_count{method="POST",route="/graphql"}')).toBe(1)
    const names = [...found.keys()]
    expect(names.filter((name) => /^parley_build_info\{role="gateway",version="\d+\.\d+\.\d+/.test(name))).toHaveLength(
      1,
    )
    expect(names).toContain('process_resident_memory_bytes')
    expect(names).toContain('nodejs_eventloop_lag_p99_seconds')
  })
})
