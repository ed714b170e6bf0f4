import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startTokenIssuer } from '../testing/access-tokens.ts'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const ADDED = 'subscription { reviewAdded { id } }'

let toy: ToyGateway
let client: SocketClient

beforeEach(async () => {
  toy = await startToyGateway({ LIMIT_SUBSCRIPTIONS_PER_SOCKET: '2' })
  client = await SocketClient.connect(toy.socketUrl)
})

afterEach(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

describe('an operation on a socket', () => {
  it('may be a query, with the same answer as over HTTP', async () => {
    client.subscribe('1', '{ secret review(id: "r1") { author { name } } }')
    const { payload } = await client.next()
    expect(payload?.data).toEqual({ secret: null, review: { author: { name: 'Name of u1' } } })
    expect(payload?.errors).toMatchObject([{ path: ['secret'], extensions: { code: 'FORBIDDEN' } }])
    expect(payload?.errors?.[0]?.extensions.requestId).toMatch(/^[\da-f-]{36}$/)
    expect((await client.next()).type).toBe('complete')
  })

  it('may be a mutation', async () => {
    client.subscribe('1', 'mutation($body: String!) { addReview(body: $body) { body } }', { body: 'New.' })
    expect((await client.next()).payload).toEqual({ data: { addReview: { body: 'New.' } } })
  })

  it('is given up when its socket breaks', async () => {
    const dropped = Promise.withResolvers<void>()
    toy.graph.users.intercept = (response) => {
      response.once('close', dropped.resolve)
      return true
    }
    client.subscribe('1', '{ user(id: "u1") { name } }')
    await vi.waitFor(() => expect(toy.graph.users.requests).toHaveLength(1))
    const broken = performance.now()
    client.socket.terminate()
    await dropped.promise
    expect(performance.now() - broken).toBeLessThan(5_000)
  })

  it('may be one of several in its document', async () => {
    const query = 'query A { review(id: "r1") { id } } query B { review(id: "r2") { id } }'
    client.send({ type: 'subscribe', id: '1', payload: { query, operationName: 'B' } })
    expect((await client.next()).payload).toEqual({ data: { review: { id: 'r2' } } })
  })

  it.each([
    ['has a syntax error', 'subscription {'],
    ['asks for an unknown field', 'subscription { nothing }'],
    ['lacks a variable', 'subscription($p: ID!) { reviewAdded(product: $p) { id } }'],
    ['makes the validation of graphql-js throw', 'subscription($s: Boolean!) { reviewAdded @skip(if: $s) { id } }'],
    ['leaves its root to a variable', 'subscription($s: Boolean!) { reviewAdded @skip(if: $s) { id } }', { s: true }],
    ['selects nothing', 'subscription { reviewAdded @include(if: false) { id } }'],
  ])('gets errors of its own when it %s, and the socket stays open', async (_what, query, variables?: object) => {
    client.subscribe('bad', query, variables)
    const frame = await client.next()
    expect(frame).toMatchObject({ type: 'error', id: 'bad', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    client.subscribe('good', '{ __typename }')
    expect(await client.next()).toMatchObject({ type: 'next', id: 'good' })
  })

  it('is OPERATION_TOO_EXPENSIVE when its document has more than 2,000 tokens', async () => {
    client.subscribe('1', `subscription { ${'reviewAdded { id } '.repeat(600)} }`)
    expect(await client.next()).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }],
    })
  })
})

describe('a socket', () => {
  it('carries so many subscriptions and no more, however they end', async () => {
    const open = (id: string) => client.subscribe(id, ADDED)
    const watchers = (count: number) => vi.waitFor(() => expect(toy.graph.feed.watcherCount).toBe(count))
    for (const id of ['1', '2', '3']) open(id)
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: '3',
      payload: [
        { message: expect.stringContaining('2 subscriptions'), extensions: { code: 'OPERATION_TOO_EXPENSIVE' } },
      ],
    })
    await watchers(2)
    client.send({ type: 'complete', id: '1' })
    await watchers(1)
    open('4')
    await watchers(2)
    toy.graph.feed.complete()
    expect([(await client.next()).type, (await client.next()).type]).toEqual(['complete', 'complete'])
    client.subscribe('5', 'subscription { forbidden { id } }')
    expect([(await client.next()).type, (await client.next()).type]).toEqual(['next', 'complete'])
    toy.graph.reviews.cutSockets()
    await vi.waitFor(() => expect(toy.graph.reviews.socketCount).toBe(0))
    for (const id of ['6', '7']) open(id)
    await watchers(2)
  })

  it('is closed when a frame is larger than 64 KB', async () => {
    client.subscribe('1', `{ __typename } #${'x'.repeat(70_000)}`)
    expect((await client.whenClosed()).code).toBe(1009)
  })

  it('is told to come again while tokens cannot be verified, and the log says why', async () => {
    const log = new LogLines()
    const issuer = await startTokenIssuer()
    const token = issuer.token({ issuedAt: new Date(), expiresInSeconds: 600 })
    const { environment } = issuer
    await issuer[Symbol.asyncDispose]()
    const alone = await startToyGateway(environment, { logger: log.logger })
    const stranger = await SocketClient.open(alone.socketUrl)
    stranger.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
    const { code, reason } = await stranger.whenClosed()
    await alone[Symbol.asyncDispose]()
    expect({ code, reason: JSON.parse(reason) }).toEqual({
      code: 1013,
      reason: { code: 'UNAVAILABLE', retryAfterMs: 5_000 },
    })
    expect(log.messages('warn')).toContain('a socket cannot be served')
    expect(log.messages('error')).toEqual([])
  })

  it('is closed when it does not introduce itself in time', async () => {
    const silent = await SocketClient.open(toy.socketUrl)
    expect((await silent.whenClosed()).code).toBe(4408)
  })

  it('is closed when it subscribes before it has introduced itself', async () => {
    const hasty = await SocketClient.open(toy.socketUrl)
    hasty.subscribe('1', ADDED)
    expect((await hasty.whenClosed()).code).toBe(4401)
  })

  it.each([
    ['at another path', '/elsewhere', {}, 404],
    ['from a page of another origin', '/graphql', { origin: 'https://elsewhere.example' }, 403],
  ])('is refused %s', async (_what, path, headers, status) => {
    const socket = new WebSocket(new URL(path, toy.socketUrl), 'graphql-transport-ws', { headers })
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(status)
    response.destroy()
  })

  describe('that is refused', () => {
    const refused = async () => {
      const socket = connect({ port: toy.gateway.port, host: '127.0.0.1', allowHalfOpen: true })
      socket.write('GET /nope HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      const [answer] = await once(socket, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 404 Not Found/)
      return socket
    }

    it('may break off: the gateway goes on', async () => {
      const failures: unknown[] = []
      const fail = (error: unknown) => failures.push(error)
      process.on('uncaughtException', fail)
      for (let round = 0; round < 20; round += 1) (await refused()).resetAndDestroy()
      expect((await fetch(`${toy.gateway.url}/health`)).status).toBe(200)
      process.off('uncaughtException', fail)
      expect(failures).toEqual([])
    })

    it('does not stay half open', async () => {
      const socket = await refused()
      const broken = once(socket, 'error', { signal: AbortSignal.timeout(5_000) }).catch((timeout) => [timeout])
      const writing = setInterval(() => socket.write('x'), 5)
      const [error] = await broken
      clearInterval(writing)
      socket.destroy()
      expect(error.code).toMatch(/EPIPE|ECONNRESET/)
    })
  })
})
