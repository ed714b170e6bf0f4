import { generateKeyPairSync } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../ids.ts'
import { canonicalOperation, ServiceSigner, SIGNATURE_HEADER } from '../service-signature.ts'
import type { Caller } from './caller.ts'
import { type RunningServer, startSubgraphServer } from './server.ts'
import { GatewayEnd } from './testing/gateway-end.ts'
import { TestTokens } from './testing/test-tokens.ts'

const { START } = TestTokens
const SECRET = 'the secret that this graph shares'
const TICKS = { query: 'subscription { tick }' }

const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ada = { userId: newUuid(), sessionId: newUuid() }
const grace = { userId: newUuid(), sessionId: newUuid() }

const tokens = new TestTokens()
const signer = new ServiceSigner(SECRET, tokens.now)

let clock: EventEmitter
let log: { level: number; msg: string }[]
let server: RunningServer
let gateway: GatewayEnd

beforeEach(async () => {
  tokens.time = START
  clock = new EventEmitter()
  log = []
  server = await startSubgraphServer({
    schema,
    createContext: (caller) => ({ caller }),
    callers: { verifier: tokens.verifier, signer },
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

/** By default Ada's. */
const bearer = (options: { seconds: number; scope: string } & Partial<Parameters<TestTokens['bearer']>[0]>) =>
  tokens.bearer({ viewer: ada, ...options })

/** The headers of a gateway's call. */
function signed(authorization: string | undefined, body: string, path = '/graphql', by = signer) {
  const headers = authorization === undefined ? {} : { authorization }
  return { ...headers, [SIGNATURE_HEADER]: by.sign(path, body, headers) }
}

function subscribe(id: string, authorization?: string): void {
  gateway.subscribe(id, { ...TICKS, extensions: signed(authorization, canonicalOperation(TICKS)) })
}

/** Sends a ping and waits for the pong, which comes when the ping has been dealt with. */
async function ping(payload: object, end = gateway): Promise<void> {
  end.send({ type: 'ping', payload })
  expect((await end.next()).type).toBe('pong')
}

const renew = (authorization: string, end = gateway) => ping(signed(authorization, ''), end)

async function openStreams(...authorizations: (string | undefined)[]): Promise<void> {
  for (const [index, authorization] of authorizations.entries()) subscribe(String(index), authorization)
  await expect.poll(() => clock.listenerCount('tick')).toBe(authorizations.length)
}

/** What so many streams say at the next tick, by their ids. */
async function tick(count: number): Promise<unknown[]> {
  clock.emit('tick')
  const said: unknown[] = []
  for (let left = count; left > 0; left -= 1) {
    const { id, payload } = await gateway.next()
    said[Number(id)] = payload?.errors?.[0]?.extensions.code ?? payload?.data?.tick
  }
  return said
}

const first = bearer({ seconds: 600, scope: 'first' })
const fresh = bearer({ seconds: 1_200, scope: 'fresh' })

describe('a stream', () => {
  it('goes on under the fresh token that a ping brings, past the end of the first', async () => {
    await openStreams(first)
    expect(await tick(1)).toEqual(['first'])
    await renew(fresh)
    expect(await tick(1)).toEqual(['fresh'])
    tokens.time = START + 600_000
    expect(await tick(1)).toEqual(['fresh'])
    tokens.time = START + 1_200_000
    expect(await tick(1)).toEqual(['UNAUTHENTICATED'])
  })

  it('shares the fresh token with the others of its session, and with nobody else', async () => {
    await openStreams(first, first, bearer({ seconds: 600, scope: 'grace', viewer: grace }), undefined)
    await renew(fresh)
    expect(await tick(4)).toEqual(['fresh', 'fresh', 'grace', 'anonymous'])
    tokens.time = START + 600_000
    expect(await tick(4)).toEqual(['fresh', 'fresh', 'UNAUTHENTICATED', 'anonymous'])
  })

  it('is given a fresh token that came while it was being prepared', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    tokens.hold = promise
    subscribe('0', bearer({ seconds: 600, scope: 'first', kid: 'slow' }))
    await renew(fresh)
    resolve()
    await expect.poll(() => clock.listenerCount('tick')).toBe(1)
    expect(await tick(1)).toEqual(['fresh'])
  })

  it('keeps the newest token, in whatever order they come', async () => {
    await openStreams(first)
    await renew(fresh)
    await renew(bearer({ seconds: 900, scope: 'late' }))
    expect(await tick(1)).toEqual(['fresh'])
    subscribe('1', bearer({ seconds: 1_300, scope: 'newer' }))
    await expect.poll(() => clock.listenerCount('tick')).toBe(2)
    expect(await tick(2)).toEqual(['fresh', 'newer'])
  })

  it('of another socket is not renewed', async () => {
    await openStreams(first)
    const other = await GatewayEnd.connect(server.url)
    await renew(fresh, other)
    other.socket.terminate()
    expect(await tick(1)).toEqual(['first'])
  })
})

describe('a ping', () => {
  it.each<[what: string, headers: () => object]>([
    ['is not signed', () => ({ authorization: fresh })],
    ['is signed by somebody else', () => signed(fresh, '', '/graphql', new ServiceSigner('theirs', tokens.now))],
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
    await ping(headers())
    expect(await tick(1)).toEqual(['first'])
    tokens.time = START + 600_000
    expect(await tick(1)).toEqual(['UNAUTHENTICATED'])
  })

  it('that is refused is logged at debug level, without its token', async () => {
    await ping({ authorization: fresh })
    const lines = log.filter(({ msg }) => msg === 'a fresh token was refused')
    expect(lines).toMatchObject([{ level: pino.levels.values.debug }])
    expect(JSON.stringify(lines)).not.toContain(fresh)
  })
})
