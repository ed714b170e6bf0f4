import { generateKeyPairSync } from 'node:crypto'
import { EventEmitter, on, once } from 'node:events'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import jsonwebtoken from 'jsonwebtoken'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ACCESS_TOKEN_TYPE, AccessTokenVerifier } from '../access-token.ts'
import { encodeId, newUuid } from '../ids.ts'
import type { KeySet } from '../key-set.ts'
import { canonicalOperation, ServiceSigner, SIGNATURE_HEADER } from '../service-signature.ts'
import type { Caller } from './caller.ts'
import { type RunningServer, startSubgraphServer } from './server.ts'

const START = Date.parse('2030-01-01T00:00:00Z')
const SECRET = 'the secret that this graph shares'
const TICKS = { query: 'subscription { tick }' }

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ada = { userId: newUuid(), sessionId: newUuid() }
const grace = { userId: newUuid(), sessionId: newUuid() }

let time: number
const now = () => new Date(time)
const signer = new ServiceSigner(SECRET, now)

/** What tokens under the key id `slow` wait for. */
let hold: Promise<void>
let clock: EventEmitter
let log: { level: number; msg: string }[]
let server: RunningServer
let gateway: GatewayEnd

beforeEach(async () => {
  time = START
  hold = Promise.resolve()
  clock = new EventEmitter()
  log = []
  const keys: KeySet = {
    find: async (kid) => {
      if (kid === 'slow') await hold
      return ours.publicKey
    },
    ready: async () => {},
  }
  server = await startSubgraphServer({
    schema,
    createContext: (caller) => ({ caller }),
    callers: { verifier: new AccessTokenVerifier({ keys, issuer: 'parley', audience: 'parley', now }), signer },
    ready: async () => {},
    address: { host: '127.0.0.1', port: 0, variable: 'PORT' },
    logger: pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) }),
  })
  gateway = await GatewayEnd.connect(server.url)
})

afterEach(async () => {
  gateway.socket.terminate()
  await server[Symbol.asyncDispose]()
})

/** Each tick says what the viewer may do. */
const schema = buildSubgraphSchema([
  {
    typeDefs: parse('type Query { unused: Int } type Subscription { tick: String }'),
    resolvers: {
      Subscription: {
        tick: {
          subscribe: () => on(clock, 'tick'),
          resolve: (_event: unknown, _args: unknown, { caller }: { caller: Caller }) =>
            caller.viewer ? [...caller.viewer.scope].join() : 'anonymous',
        },
      } as never,
    },
  },
])

interface TokenOptions {
  readonly seconds: number
  readonly scope: string
  readonly viewer?: typeof ada
  readonly kid?: string
  readonly key?: typeof ours.privateKey
}

/** Good until so many seconds after the start; by default Ada's. */
function bearer({ seconds, scope, viewer = ada, kid = 'quick', key = ours.privateKey }: TokenOptions): string {
  const iat = START / 1000 - 60
  const claims = { sid: encodeId('ses', viewer.sessionId), scope, iat, exp: START / 1000 + seconds }
  const token = jsonwebtoken.sign(claims, key, {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid },
    issuer: 'parley',
    audience: 'parley',
    subject: encodeId('usr', viewer.userId),
  })
  return `Bearer ${token}`
}

/** The headers of a gateway's call. */
function signed(authorization: string | undefined, body: string, path = '/graphql', by = signer) {
  const headers = authorization === undefined ? {} : { authorization }
  return { ...headers, [SIGNATURE_HEADER]: by.sign(path, body, headers) }
}

/** The other end of a subgraph's socket. */
class GatewayEnd {
  readonly socket: WebSocket
  readonly #messages: AsyncIterator<unknown[]>

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.#messages = on(socket, 'message')
  }

  static async connect(url: string): Promise<GatewayEnd> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, GRAPHQL_TRANSPORT_WS_PROTOCOL)
    const end = new GatewayEnd(socket)
    await once(socket, 'open')
    end.send({ type: 'connection_init' })
    await end.next()
    return end
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  subscribe(id: string, authorization?: string): void {
    const extensions = signed(authorization, canonicalOperation(TICKS))
    this.send({ type: 'subscribe', id, payload: { ...TICKS, extensions } })
  }

  async next(): Promise<{ type: string; id?: string; payload?: object }> {
    const { value } = await this.#messages.next()
    return JSON.parse(String(value[0]))
  }

  /** Sends a ping and waits for the pong, which comes when the ping has been dealt with. */
  async ping(payload: object): Promise<void> {
    this.send({ type: 'ping', payload })
    expect((await this.next()).type).toBe('pong')
  }

  renew(authorization: string): Promise<void> {
    return this.ping(signed(authorization, ''))
  }
}

async function openStreams(...authorizations: (string | undefined)[]): Promise<void> {
  for (const [index, authorization] of authorizations.entries()) gateway.subscribe(String(index), authorization)
  await expect.poll(() => clock.listenerCount('tick')).toBe(authorizations.length)
}

/** What so many streams say at the next tick, by their ids. */
async function tick(count: number): Promise<unknown[]> {
  clock.emit('tick')
  const said: unknown[] = []
  for (let left = count; left > 0; left -= 1) {
    const { id, payload } = await gateway.next()
    const { data, errors } = payload as { data?: { tick: string }; errors?: { extensions: { code: string } }[] }
    said[Number(id)] = errors?.[0]?.extensions.code ?? data?.tick
  }
  return said
}

const first = bearer({ seconds: 600, scope: 'first' })
const fresh = bearer({ seconds: 1_200, scope: 'fresh' })

describe('a stream', () => {
  it('goes on under the fresh token that a ping brings, past the end of the first', async () => {
    await openStreams(first)
    expect(await tick(1)).toEqual(['first'])
    await gateway.renew(fresh)
    expect(await tick(1)).toEqual(['fresh'])
    time = START + 600_000
    expect(await tick(1)).toEqual(['fresh'])
    time = START + 1_200_000
    expect(await tick(1)).toEqual(['UNAUTHENTICATED'])
  })

  it('shares the fresh token with the others of its session, and with nobody else', async () => {
    await openStreams(first, first, bearer({ seconds: 600, scope: 'grace', viewer: grace }), undefined)
    await gateway.renew(fresh)
    expect(await tick(4)).toEqual(['fresh', 'fresh', 'grace', 'anonymous'])
    time = START + 600_000
    expect(await tick(4)).toEqual(['fresh', 'fresh', 'UNAUTHENTICATED', 'anonymous'])
  })

  it('is given a fresh token that came while it was being prepared', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    hold = promise
    gateway.subscribe('0', bearer({ seconds: 600, scope: 'first', kid: 'slow' }))
    await gateway.renew(fresh)
    resolve()
    await expect.poll(() => clock.listenerCount('tick')).toBe(1)
    expect(await tick(1)).toEqual(['fresh'])
  })

  it('keeps the newest token, in whatever order they come', async () => {
    await openStreams(first)
    await gateway.renew(fresh)
    await gateway.renew(bearer({ seconds: 900, scope: 'late' }))
    expect(await tick(1)).toEqual(['fresh'])
    gateway.subscribe('1', bearer({ seconds: 1_300, scope: 'newer' }))
    await expect.poll(() => clock.listenerCount('tick')).toBe(2)
    expect(await tick(2)).toEqual(['fresh', 'newer'])
  })

  it('of another socket is not renewed', async () => {
    await openStreams(first)
    const other = await GatewayEnd.connect(server.url)
    await other.renew(fresh)
    other.socket.terminate()
    expect(await tick(1)).toEqual(['first'])
  })
})

describe('a ping', () => {
  it.each<[what: string, headers: () => object]>([
    ['is not signed', () => ({ authorization: fresh })],
    ['is signed by somebody else', () => signed(fresh, '', '/graphql', new ServiceSigner('theirs', now))],
    ['is signed for another path', () => signed(fresh, '', '/internal/revocations')],
    ['bears the signature of an operation', () => signed(fresh, canonicalOperation(TICKS))],
    ['bears a signature over another token', () => ({ ...signed(first, ''), authorization: fresh })],
    ['carries an expired token', () => signed(bearer({ seconds: -1, scope: 'expired' }), '')],
    ['carries a forged token', () => signed(bearer({ seconds: 1_200, scope: 'forged', key: theirs.privateKey }), '')],
    ['carries a malformed token', () => signed('Bearer nonsense', '')],
    [
      'is of another session of the user',
      () => signed(bearer({ seconds: 1_200, scope: 'other', viewer: { ...ada, sessionId: newUuid() } }), ''),
    ],
    [
      'is of another user who names the session',
      () => signed(bearer({ seconds: 1_200, scope: 'other', viewer: { ...ada, userId: newUuid() } }), ''),
    ],
    ['carries nothing', () => ({})],
  ])('that %s changes nothing and leaves the socket open', async (_what, headers) => {
    await openStreams(first)
    await gateway.ping(headers())
    expect(await tick(1)).toEqual(['first'])
    time = START + 600_000
    expect(await tick(1)).toEqual(['UNAUTHENTICATED'])
  })

  it('that is refused is logged at debug level, without its token', async () => {
    await gateway.ping({ authorization: fresh })
    const lines = log.filter(({ msg }) => msg === 'a fresh token was refused')
    expect(lines).toMatchObject([{ level: pino.levels.values.debug }])
    expect(JSON.stringify(lines)).not.toContain(fresh)
  })
})
