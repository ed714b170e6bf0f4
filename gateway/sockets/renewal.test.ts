import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../../platform/ids.ts'
import { ServiceSigner, SIGNATURE_HEADER, type SignedHeaders } from '../../platform/service-signature.ts'
import { startTokenIssuer, type TokenIssuer, type TokenOptions } from '../testing/access-tokens.ts'
import { LogLines } from '../testing/log-lines.ts'
import { type Frame, SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const SERVICE_SECRET = 'a secret that the services of this graph share'
const START = Date.parse('2030-01-01T00:00:00Z')
const ADDED = 'subscription { reviewAdded { id author { name } } }'
const MUTATION = 'mutation { addReview(body: "x") { id } }'

const ada = { userId: newUuid(), sessionId: newUuid() }

let issuer: TokenIssuer
let toy: ToyGateway
let log: LogLines
let clients: SocketClient[]
/** In milliseconds. Timers run by the real clock, so sockets open when their tokens are about to expire. */
let time: number

beforeEach(async () => {
  time = START + 599_950
  log = new LogLines()
  clients = []
  issuer = await startTokenIssuer()
  const environment = { ...issuer.environment, AUTH_URL: issuer.origin, SERVICE_SECRET }
  toy = await startToyGateway(environment, { now: () => new Date(time), logger: log.logger })
})

afterEach(async () => {
  for (const client of clients) client.socket.terminate()
  await toy[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

/** Good until so many seconds after the start; by default Ada's. */
const bearer = (seconds: number, options: Partial<TokenOptions> = {}) =>
  `Bearer ${issuer.token({ ...ada, issuedAt: new Date(START), expiresInSeconds: seconds, ...options })}`

async function connect(authorization?: string): Promise<SocketClient> {
  const client = await SocketClient.connect(toy.socketUrl, authorization === undefined ? {} : { authorization })
  clients.push(client)
  return client
}

async function subscribe(client: SocketClient, id = '1'): Promise<void> {
  const before = toy.graph.feed.watcherCount
  client.subscribe(id, ADDED)
  await vi.waitFor(() => expect(toy.graph.feed.watcherCount).toBe(before + 1))
}

async function ping(client: SocketClient, authorization: unknown): Promise<Frame> {
  client.ping({ authorization })
  return client.next()
}

const renewedUntil = (seconds: number) => ({
  type: 'pong',
  payload: { renewed: true, expiresAt: new Date(START + seconds * 1000).toISOString() },
})

const refused = (code: string) => ({
  type: 'pong',
  payload: {
    renewed: false,
    error: { message: expect.any(String), extensions: { code, requestId: expect.any(String) } },
  },
})

async function expectItsEnd(client: SocketClient): Promise<void> {
  expect(await client.next()).toMatchObject({
    type: 'next',
    payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
  })
  expect((await client.next()).type).toBe('complete')
  expect((await client.whenClosed()).code).toBe(4403)
}

const publish = (id: string) => toy.graph.feed.publish({ id, body: 'Fine.', authorId: 'u1' })

describe('a socket that is pinged with a fresh token of its session', () => {
  it('goes on, while one that is not ends when its token expires', async () => {
    const [renewed, other] = [await connect(bearer(600)), await connect(bearer(600))]
    for (const client of [renewed, other]) await subscribe(client)
    expect(await ping(renewed, bearer(1_200))).toEqual(renewedUntil(1_200))
    time = START + 600_000
    await expectItsEnd(other)
    publish('a')
    expect(await renewed.next()).toMatchObject({ id: '1', payload: { data: { reviewAdded: { id: 'a' } } } })
  })

  it('ends when the fresh token expires', async () => {
    const client = await connect(bearer(600))
    await subscribe(client)
    expect(await ping(client, bearer(601))).toEqual(renewedUntil(601))
    time = START + 601_000
    await expectItsEnd(client)
  })

  it('has subgraphs see the fresh token: with the next event, a new operation, and a new subscription', async () => {
    const client = await connect(bearer(600))
    await subscribe(client)
    const fresh = bearer(1_200)
    await ping(client, fresh)
    publish('a')
    await client.next()
    expect(toy.graph.users.requests.at(-1)?.headers.authorization).toBe(fresh)
    client.subscribe('2', MUTATION)
    await client.next()
    expect(toy.graph.reviews.requests.at(-1)?.headers.authorization).toBe(fresh)
    await client.next()
    await subscribe(client, '3')
    expect(toy.graph.reviews.operations.at(-1)?.extensions).toMatchObject({ authorization: fresh })
  })

  it('may give it as connection_init may, and again and again', async () => {
    const client = await connect(bearer(600))
    for (const seconds of [700, 800]) {
      client.ping({ headers: { Authorization: bearer(seconds) } })
      expect(await client.next()).toEqual(renewedUntil(seconds))
    }
  })

  it('is ended by the revocation of the fresh token, not by that of the first', async () => {
    const connectFirst = () => connect(bearer(9_000, { tokenVersion: 1 }))
    const [renewed, other] = [await connectFirst(), await connectFirst()]
    for (const client of [renewed, other]) await subscribe(client)
    await ping(renewed, bearer(9_000, { tokenVersion: 2 }))
    issuer.revoke(ada.userId, 2)
    await expectItsEnd(other)
    publish('a')
    expect((await renewed.next()).payload).toMatchObject({ data: { reviewAdded: { id: 'a' } } })
    expect(await ping(renewed, bearer(9_000, { tokenVersion: 1 }))).toEqual(refused('UNAUTHENTICATED'))
    issuer.revoke(ada.userId, 3)
    await expectItsEnd(renewed)
  })
})

describe('a socket whose token a subgraph refuses before the gateway knows why', () => {
  it.each([
    ['while a stream is opened', () => {}],
    ['while a stream is opened again', () => toy.graph.reviews.cutSockets()],
  ])('ends at once with all of its streams: %s', async (_when, cut) => {
    const client = await connect(bearer(9_000))
    client.subscribe('1', 'subscription { latest { number } }')
    await vi.waitFor(() => expect(toy.graph.log.watcherCount).toBe(1))
    toy.graph.log.refusals.push('UNAUTHENTICATED')
    cut()
    client.subscribe('2', 'subscription { logged { number } }')
    const frames = [await client.next(), await client.next(), await client.next(), await client.next()]
    for (const id of ['1', '2']) {
      expect(frames.filter((frame) => frame.id === id)).toMatchObject([
        { type: 'next', payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } },
        { type: 'complete' },
      ])
    }
    expect((await client.whenClosed()).code).toBe(4403)
  })

  it('stays open when its client is anonymous', async () => {
    const client = await connect()
    await subscribe(client, '1')
    toy.graph.log.refusals.push('UNAUTHENTICATED')
    client.subscribe('2', 'subscription { logged { number } }')
    expect(await client.next()).toMatchObject({
      id: '2',
      payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    })
    expect(await client.next()).toEqual({ type: 'complete', id: '2' })
    publish('a')
    expect(await client.next()).toMatchObject({ id: '1', payload: { data: { reviewAdded: { id: 'a' } } } })
  })
})

describe('a token that is not newer than the one in force', () => {
  it('does not shorten the life of a socket: its pong says when that ends', async () => {
    const [first, older] = [bearer(1_200), bearer(600)]
    const renewed = await connect(first)
    await subscribe(renewed)
    expect(await ping(renewed, older)).toEqual(renewedUntil(1_200))
    const other = await connect(older)
    await subscribe(other)
    time = START + 600_000
    await expectItsEnd(other)
    publish('a')
    expect((await renewed.next()).payload).toMatchObject({ data: { reviewAdded: { id: 'a' } } })
    expect(toy.graph.users.requests.at(-1)?.headers.authorization).toBe(first)
    expect(toy.graph.reviews.pings).toEqual([])
  })

  it('has a lower version, whenever it expires; one of a higher version is newer', async () => {
    const client = await connect(bearer(9_000, { tokenVersion: 2 }))
    expect(await ping(client, bearer(9_100, { tokenVersion: 1 }))).toEqual(renewedUntil(9_000))
    expect(await ping(client, bearer(8_000, { tokenVersion: 3 }))).toEqual(renewedUntil(8_000))
  })

  it('may be the same one', async () => {
    const token = bearer(1_200)
    const client = await connect(token)
    for (let count = 0; count < 2; count += 1) expect(await ping(client, token)).toEqual(renewedUntil(1_200))
  })
})

describe('a renewal', () => {
  it.each<[what: string, authorization: () => unknown]>([
    ['is malformed', () => 'Bearer nonsense'],
    ['is no bearer token', () => 'Basic dXNlcjpwYXNz'],
    ['is no text', () => 42],
    ['is longer than a header', () => `Bearer ${'x'.repeat(20_000)}`],
    ['has expired', () => bearer(599)],
    ['is forged', () => `Bearer ${issuer.forgedToken(new Date(START))}`],
    ['is of another session', () => bearer(1_200, { sessionId: newUuid() })],
    ['is of another user', () => bearer(1_200, { userId: newUuid() })],
  ])('is refused when the token %s, and nothing changes', async (_what, authorization) => {
    const first = bearer(600)
    const client = await connect(first)
    await subscribe(client)
    expect(await ping(client, authorization())).toEqual(refused('UNAUTHENTICATED'))
    publish('a')
    expect((await client.next()).payload).toMatchObject({ data: { reviewAdded: { author: { name: 'Name of u1' } } } })
    expect(toy.graph.users.requests.at(-1)?.headers.authorization).toBe(first)
    time = START + 600_000
    await expectItsEnd(client)
    expect(toy.graph.reviews.pings).toEqual([])
    expect([...log.messages('warn'), ...log.messages('error')]).toEqual([])
  })

  it('is refused on an anonymous socket', async () => {
    const client = await connect()
    expect(await ping(client, bearer(1_200))).toEqual(refused('UNAUTHENTICATED'))
    client.subscribe('1', MUTATION)
    await client.next()
    expect(toy.graph.reviews.requests.at(-1)?.headers.authorization).toBeUndefined()
  })

  it('is refused before the socket is acknowledged, which does not harm it', async () => {
    const client = await SocketClient.open(toy.socketUrl)
    clients.push(client)
    expect(await ping(client, bearer(1_200))).toEqual(refused('BAD_USER_INPUT'))
    client.send({ type: 'connection_init', payload: { authorization: bearer(600) } })
    expect((await client.next()).type).toBe('connection_ack')
  })

  it('is verified alone: those that come meanwhile are refused at once', async () => {
    const client = await connect(bearer(9_000))
    const { promise, resolve } = Promise.withResolvers<void>()
    issuer.hold = promise
    // Keys are asked for anew after five minutes.
    time += 301_000
    for (let count = 0; count < 50; count += 1) client.ping({ authorization: bearer(9_001 + count) })
    for (let count = 1; count < 50; count += 1) expect(await client.next()).toEqual(refused('RATE_LIMITED'))
    resolve()
    expect(await client.next()).toEqual(renewedUntil(9_001))
    expect(await ping(client, bearer(9_100))).toEqual(renewedUntil(9_100))
  })
})

describe('a ping without an authorization', () => {
  it.each([{ sent: { at: 1 } }, { sent: {} }, { sent: undefined }])('is echoed: $sent', async ({ sent }) => {
    const client = await connect(bearer(600))
    client.send({ type: 'ping', payload: sent })
    expect(await client.next()).toEqual({ type: 'pong', ...(sent && { payload: sent }) })
  })

  it('is echoed up to 1 KB, and beyond that answered without a payload', async () => {
    const client = await connect(bearer(600))
    const ofBytes = (bytes: number) => ({ at: `x${'é'.repeat((bytes - '{"at":"x"}'.length) / 2)}` })
    client.ping(ofBytes(1_024))
    expect(await client.next()).toEqual({ type: 'pong', payload: ofBytes(1_024) })
    client.ping(ofBytes(1_026))
    expect(await client.next()).toEqual({ type: 'pong' })
  })
})

describe('a ping that is nested too deep to be written again', () => {
  it('is answered without a payload, and nothing goes into the log', async () => {
    const client = await connect(bearer(600))
    client.socket.send(`{"type":"ping","payload":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`)
    expect(await client.next()).toEqual({ type: 'pong' })
    expect(log.messages('error')).toEqual([])
  })
})

describe('upstream', () => {
  it('the subgraph of a stream is told by a signed ping, once and behind what was subscribed', async () => {
    const client = await connect(bearer(600))
    for (const id of ['1', '2']) await subscribe(client, id)
    const fresh = bearer(1_200)
    await ping(client, fresh)
    // The same token again is no news.
    await ping(client, fresh)
    const fresher = bearer(1_300)
    await ping(client, fresher)
    await vi.waitFor(() => expect(toy.graph.reviews.pings.at(-1)).toMatchObject({ authorization: fresher }))
    expect(toy.graph.reviews.pings).toHaveLength(2)
    const [headers] = toy.graph.reviews.pings as SignedHeaders[]
    expect(headers).toMatchObject({ authorization: fresh, 'x-forwarded-for': '127.0.0.1' })
    const signer = new ServiceSigner(SERVICE_SECRET, () => new Date(time))
    expect(signer.verify(headers?.[SIGNATURE_HEADER], '/graphql', '', headers ?? {})).toBe(true)
  })

  it('nothing is told of a session without a stream there', async () => {
    const [watching, idle] = [await connect(bearer(600)), await connect(bearer(600))]
    await subscribe(watching)
    await ping(idle, bearer(1_200))
    const fresh = bearer(1_300)
    await ping(watching, fresh)
    await vi.waitFor(() => expect(toy.graph.reviews.pings).toMatchObject([{ authorization: fresh }]))
  })

  it('a subscription that waits for the connection is sent with the fresh token', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    toy.graph.reviews.hold = promise
    const client = await connect(bearer(600))
    client.subscribe('1', ADDED)
    const fresh = bearer(1_200)
    expect(await ping(client, fresh)).toEqual(renewedUntil(1_200))
    resolve()
    await vi.waitFor(() =>
      expect(toy.graph.reviews.operations).toMatchObject([{ extensions: { authorization: fresh } }]),
    )
    expect(toy.graph.reviews.pings).toEqual([])
  })
})

describe('a gateway that verifies no tokens', () => {
  let open: ToyGateway
  beforeEach(async () => {
    open = await startToyGateway()
  })
  afterEach(() => open[Symbol.asyncDispose]())

  it('forwards the new authorization instead of the old, whatever it is', async () => {
    const client = await SocketClient.connect(open.socketUrl, { authorization: 'Bearer one' })
    clients.push(client)
    expect(await ping(client, 'Bearer two')).toEqual({ type: 'pong', payload: { renewed: true } })
    client.subscribe('1', MUTATION)
    await client.next()
    expect(open.graph.reviews.requests.at(-1)?.headers.authorization).toBe('Bearer two')
    await client.next()
    expect(await ping(client, 'Bearer\ntwo')).toEqual(refused('UNAUTHENTICATED'))
  })
})
