import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../platform/ids.ts'
import { startTokenIssuer, type TokenIssuer } from '../testing/access-tokens.ts'
import { EventReader } from '../testing/event-reader.ts'
import { gaugeOf } from '../testing/gauges.ts'
import { MultipartClient } from '../testing/multipart-client.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

vi.setConfig({ testTimeout: 60_000 })

const START = Date.parse('2030-01-01T00:00:00Z')
const ADDED = 'subscription { reviewAdded { id } }'
const USER = '{ user(id: "u1") { name } }'
const MEGABYTE = 1024 * 1024

let toy: ToyGateway
let issuer: TokenIssuer | undefined
let stopped: PromiseLike<void> | undefined
const departures: (() => unknown)[] = []

afterEach(async () => {
  for (const depart of departures.splice(0)) depart()
  await (stopped ?? toy.gateway[Symbol.asyncDispose]())
  stopped = undefined
  await toy.graph.stop()
  await issuer?.[Symbol.asyncDispose]()
  issuer = undefined
})

async function events(query = ADDED, headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await EventReader.open(toy.url, query, headers)
  departures.push(() => reader.leave())
  if (reader.response.status === 200) expect(await reader.next()).toBe(':')
  return reader
}

async function parts(headers: Record<string, string> = {}): Promise<MultipartClient> {
  const client = await MultipartClient.subscribe(toy.url, { query: ADDED }, headers)
  departures.push(() => client.leave())
  expect(await client.nextOfAny()).toEqual({})
  return client
}

async function socket(): Promise<SocketClient> {
  const client = await SocketClient.connect(toy.socketUrl)
  departures.push(() => client.socket.terminate())
  return client
}

const gauge = (name: string) => gaugeOf(toy.url, `parley_gateway_${name}`)
const watchers = (count: number) => expect.poll(() => toy.graph.feed.watcherCount).toBe(count)
const publish = (id: string, body = 'Fine.') => toy.graph.feed.publish({ id, body, authorId: 'u1' })
const eventOf = (id: string) => `event: next\ndata: {"data":{"reviewAdded":{"id":"${id}"}}}`
const COMPLETE = 'event: complete\ndata: '

/** How a stream is refused. */
async function refusal(headers: Record<string, string> = {}) {
  const reader = await EventReader.open(toy.url, ADDED, headers)
  const [body] = await reader.rest().catch(({ message }: Error) => [message])
  return { status: reader.response.status, retryAfter: Number(reader.response.headers.get('retry-after')), body }
}

describe('streams over HTTP', () => {
  it('count with the sockets of an address, and whoever has too many is told when to come again', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS_PER_USER: '3' })
    await socket()
    const [first] = [await events(), await parts()]
    const { status, retryAfter, body } = await refusal()
    expect([status, body]).toEqual([429, expect.stringContaining('RATE_LIMITED')])
    expect(retryAfter).toBeGreaterThan(0)
    const late = await SocketClient.open(toy.socketUrl)
    late.send({ type: 'connection_init' })
    expect((await late.whenClosed()).reason).toContain('TOO_MANY_SOCKETS')
    first.leave()
    await expect.poll(() => gauge('http_streams')).toBe(1)
    await events()
  })

  it('count for each user', async () => {
    issuer = await startTokenIssuer()
    toy = await startToyGateway({ ...issuer.environment, LIMIT_SOCKETS_PER_USER: '1' })
    const bearer = (userId: string) => ({
      authorization: `Bearer ${issuer?.token({ userId, issuedAt: new Date(), expiresInSeconds: 600 })}`,
    })
    const ada = newUuid()
    await events(ADDED, bearer(ada))
    expect((await refusal(bearer(ada))).status).toBe(429)
    await events(ADDED, bearer(newUuid()))
  })

  it('count among all that the process has', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS: '2' })
    await socket()
    const reader = await events()
    expect(await refusal()).toMatchObject({ status: 503, body: expect.stringContaining('SUBGRAPH_UNAVAILABLE') })
    reader.leave()
    await expect.poll(() => gauge('http_streams')).toBe(0)
    await socket()
    expect((await refusal()).status).toBe(503)
  })

  it('count as new ones: so many a second', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS_PER_SECOND: '1' })
    for (let count = 0; count < 10; count += 1) (await EventReader.open(toy.url, USER)).leave()
    expect((await refusal()).status).toBe(429)
  })

  it('are refused to a client whose token proves nothing', async () => {
    issuer = await startTokenIssuer()
    toy = await startToyGateway(issuer.environment)
    const reader = await EventReader.open(toy.url, ADDED, { authorization: 'Bearer nonsense' })
    expect([reader.response.status, reader.response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    reader.leave()
  })

  it('count mutations like any other transport', async () => {
    issuer = await startTokenIssuer()
    toy = await startToyGateway({ ...issuer.environment, RATE_LIMIT_MUTATIONS: '1' })
    const headers = { authorization: `Bearer ${issuer.token({ issuedAt: new Date(), expiresInSeconds: 600 })}` }
    const add = async () => (await (await events('mutation { addReview(body: "x") { id } }', headers)).rest())[0]
    for (let count = 0; count < 10; count += 1) expect(await add()).toContain('"data":{"addReview"')
    expect(await add()).toContain('RATE_LIMITED')
  })

  it('give up a query that takes too long, and one whose client has gone', async () => {
    toy = await startToyGateway({ LIMIT_OPERATION_MS: '300' })
    const dropped = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let asked = 0
    toy.graph.users.intercept = (response) => {
      response.once('close', dropped[asked]?.resolve ?? (() => {}))
      asked += 1
      return true
    }
    const late = await events(USER)
    expect((await late.rest())[0]).toContain('longer than 300 ms')
    await dropped[0]?.promise
    const left = await events(USER)
    await expect.poll(() => asked).toBe(2)
    left.leave()
    await dropped[1]?.promise
    await expect.poll(() => gauge('http_streams')).toBe(0)
  })
})

describe('a client whose token is good no more', () => {
  const bearer = (userId: string) => ({
    authorization: `Bearer ${issuer?.token({ userId, issuedAt: new Date(START), expiresInSeconds: 600 })}`,
  })

  it('is told so by the end of its streams when the token expires', async () => {
    issuer = await startTokenIssuer()
    let time = START + 598_000
    toy = await startToyGateway(issuer.environment, { now: () => new Date(time) })
    const [reader, client] = [await events(ADDED, bearer(newUuid())), await parts(bearer(newUuid()))]
    await watchers(2)
    publish('before')
    expect(await reader.next()).toBe(eventOf('before'))
    expect(await client.next()).toEqual({ payload: { data: { reviewAdded: { id: 'before' } } } })
    time = START + 600_001
    const [last, ...end] = await reader.rest()
    expect(last).toMatch(/^event: next\ndata: \{"errors":\[\{.+"code":"UNAUTHENTICATED"/)
    expect(end).toEqual([COMPLETE])
    expect(await client.next()).toMatchObject({ payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } })
    expect(await client.next()).toBeUndefined()
    await watchers(0)
  })

  it('is told so by the end of its streams when the token is revoked, be it a query that runs', async () => {
    issuer = await startTokenIssuer()
    toy = await startToyGateway(
      {
        ...issuer.environment,
        AUTH_URL: issuer.origin,
        SERVICE_SECRET: 'a secret that the services of this graph share',
      },
      { now: () => new Date(START) },
    )
    toy.graph.users.intercept = () => true
    const ada = newUuid()
    const readers = [await events(ADDED, bearer(ada)), await events(USER, bearer(ada))]
    issuer.revoke(ada, 1)
    for (const reader of readers) {
      const told = (await reader.rest()).filter((block) => block !== ':')
      expect(told).toEqual([expect.stringContaining('UNAUTHENTICATED'), COMPLETE])
    }
  })
})

/** A connection on which the operation was asked for. */
async function asked(query: string): Promise<Socket> {
  const body = JSON.stringify({ query })
  const client = connect({ port: toy.gateway.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  departures.push(() => client.destroy())
  await once(client, 'connect')
  client.write(
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  return client
}

describe('clients that leave, however they do it', () => {
  const WAYS: readonly (() => Promise<void>)[] = [
    async function leavesAtOnce() {
      const departure = new AbortController()
      const address = `${toy.url}?${new URLSearchParams({ query: ADDED })}`
      const left = fetch(address, { headers: { accept: 'text/event-stream' }, signal: departure.signal }).catch(
        () => {},
      )
      setImmediate(() => departure.abort())
      await left
    },
    async function leavesWhenItHasBegun() {
      ;(await events()).leave()
    },
    async function asksAndIsCut() {
      ;(await asked(ADDED)).resetAndDestroy()
    },
    async function closesItsEnd() {
      const client = await asked(ADDED)
      client.end()
      await once(client.resume(), 'end')
      client.destroy()
    },
    async function asksTwiceAndCloses() {
      const client = await asked(ADDED)
      client.write(`GET /graphql?${new URLSearchParams({ query: ADDED })} HTTP/1.1\r\nHost: localhost\r\n`)
      client.write('Accept: text/event-stream\r\n\r\n')
      await once(client, 'data')
      client.destroy()
    },
  ]

  it('leave nothing behind', async () => {
    toy = await startToyGateway({ LIMIT_SOCKETS_PER_USER: '100' })
    let cycle = 0
    const go = async () => {
      for (let number = cycle++; number < 300; number = cycle++) await WAYS[number % WAYS.length]?.()
    }
    await Promise.all(Array.from({ length: 20 }, go))
    for (const name of ['http_streams', 'subscriptions', 'upstream_subscriptions'])
      await expect.poll(() => gauge(name)).toBe(0)
    await watchers(0)
    for (let count = 0; count < 100; count += 1) await events()
    expect((await refusal()).status).toBe(429)
  })
})

describe('a client that reads nothing', () => {
  async function frozen(query: string): Promise<Socket> {
    return (await asked(query)).pause()
  }

  it('delays nobody else, and is cut', async () => {
    toy = await startToyGateway({}, { patience: { stalledMs: 1_500 } })
    const lively = await events()
    await frozen('subscription { reviewAdded { id body } }')
    await watchers(2)
    for (let number = 0; (await gauge('http_streams')) > 1; number += 1) {
      publish(String(number), 'x'.repeat(MEGABYTE / 2))
      expect(await lively.next()).toBe(eventOf(String(number)))
    }
    await watchers(1)
    await expect.poll(() => gauge('subscriptions')).toBe(1)
    publish('after')
    expect(await lively.next()).toBe(eventOf('after'))
  })

  it('takes the next event from upstream when it has read the last, and then goes on with all of them', async () => {
    toy = await startToyGateway({})
    const client = await frozen('subscription { logged(after: 0) { number body } }')
    for (let number = 0; number < 60; number += 1) toy.graph.log.append('y'.repeat(MEGABYTE / 2))
    // The gateway keeps so much and then leaves the subgraph, until there is room again.
    await expect.poll(() => gauge('upstream_subscriptions')).toBe(0)
    expect(await gauge('subscriptions')).toBe(1)
    const numbers: number[] = []
    client.setEncoding('latin1').on('data', (text: string) => {
      for (const [, number] of text.matchAll(/"number":(\d+)/g)) numbers.push(Number(number))
    })
    client.resume()
    await expect.poll(() => numbers.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(59)
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other))
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})

describe('streams of a gateway that shuts down', () => {
  it('end such that their clients come back, and take everything upstream along', async () => {
    toy = await startToyGateway({ SHUTDOWN_GRACE_MS: '2000' })
    const [reader, client] = [await events(), await parts({ 'x-request-id': 'mine' })]
    await watchers(2)
    stopped = toy.gateway[Symbol.asyncDispose]()
    const [last, ...more] = await reader.rest()
    expect(more).toEqual([])
    const [, retry] = /^retry: (\d+)$/.exec(last ?? '') ?? []
    expect(Number(retry)).toBeGreaterThanOrEqual(0)
    expect(Number(retry)).toBeLessThanOrEqual(5_000)
    expect(await client.next()).toEqual({
      payload: null,
      errors: [
        {
          message: 'The gateway stops; subscribe again, another one answers.',
          extensions: { code: 'SUBGRAPH_UNAVAILABLE', requestId: 'mine', reconnectWithinMs: 5_000 },
        },
      ],
    })
    expect(await client.next()).toBeUndefined()
    await watchers(0)
    await stopped
  })

  it('are answered before, where they are queries, and no new ones begin', async () => {
    toy = await startToyGateway({ SHUTDOWN_GRACE_MS: '4000' })
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<false>()]
    toy.graph.users.intercept = () => {
      asked.resolve()
      return released.promise
    }
    const reader = await events(USER)
    await asked.promise
    stopped = toy.gateway[Symbol.asyncDispose]()
    expect(await refusal()).toMatchObject({ status: 503, retryAfter: 1 })
    released.resolve(false)
    expect(await reader.rest()).toEqual(['event: next\ndata: {"data":{"user":{"name":"Name of u1"}}}', COMPLETE])
    await stopped
  })

  it('do not hold it up when their clients read nothing', async () => {
    toy = await startToyGateway({ SHUTDOWN_GRACE_MS: '1000' })
    const client = await parts()
    await watchers(1)
    const body = 'x'.repeat(MEGABYTE)
    for (let number = 0; number < 3; number += 1) publish(String(number), body)
    stopped = toy.gateway[Symbol.asyncDispose]()
    await stopped
    await watchers(0)
    client.leave()
  })
})
