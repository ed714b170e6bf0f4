import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ServiceSigner, SIGNATURE_HEADER } from '../platform/service-signature.ts'
import { type Person, signUp } from './support/people.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

const SECRET = 'the secret of this graph'.padEnd(32, '!')
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

let graph: TestGraph
let ada: Person
let genuine: { header: Record<string, unknown>; claims: Record<string, unknown> }

beforeAll(async () => {
  graph = await startTestGraph({
    environment: {
      SERVICE_SECRET: SECRET,
      JWT_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  })
  ada = await signUp(graph)
  const [header = '', claims = ''] = ada.tokens.accessToken.split('.')
  genuine = { header: decoded(header), claims: decoded(claims) }
})

afterAll(() => graph?.[Symbol.asyncDispose]())

function decoded(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A token with our changes in it, signed as ES256 wants it; an undefined member is left out. */
function token(changes: { header?: object; claims?: object; key?: KeyObject }): string {
  const covered = `${encoded({ ...genuine.header, ...changes.header })}.${encoded({ ...genuine.claims, ...changes.claims })}`
  const signature = sign('sha256', Buffer.from(covered), { key: changes.key ?? privateKey, dsaEncoding: 'ieee-p1363' })
  return `${covered}.${signature.toString('base64url')}`
}

/** The classic confusion: the public key, which everybody has, taken for the secret of an HMAC. */
function hmacWithPublicKey(): string {
  const covered = `${encoded({ ...genuine.header, alg: 'HS256' })}.${encoded(genuine.claims)}`
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
  return `${covered}.${createHmac('sha256', pem).update(covered).digest('base64url')}`
}

const now = () => Math.floor(Date.now() / 1000)

const FORGERIES: readonly [title: string, make: () => string][] = [
  ['that is nothing', () => ''],
  ['that is no JWT', () => 'nonsense'],
  ['with empty parts', () => '..'],
  ['that is 64 KB long', () => `${'a'.repeat(8_000)}.${'b'.repeat(4_000)}.${'c'.repeat(3_000)}`],
  ['that is not signed (alg none)', () => `${encoded({ ...genuine.header, alg: 'none' })}.${encoded(genuine.claims)}.`],
  ['of alg none with a signature', () => token({ header: { alg: 'none' } })],
  ['signed with HS256 and the public key', hmacWithPublicKey],
  ['that says HS256 over an ES256 signature', () => token({ header: { alg: 'HS256' } })],
  ['that says ES384', () => token({ header: { alg: 'ES384' } })],
  ['signed with a stranger’s key', () => token({ key: stranger })],
  ['of an unknown kid', () => token({ header: { kid: 'nobody' }, key: stranger })],
  ['without a kid', () => token({ header: { kid: undefined } })],
  ['with a kid that is a path', () => token({ header: { kid: '../../../etc/passwd' } })],
  [
    'that brings its own key',
    () => token({ header: { jwk: createPublicKey(stranger).export({ format: 'jwk' }) }, key: stranger }),
  ],
  ['of typ JWT', () => token({ header: { typ: 'JWT' } })],
  ['without a typ', () => token({ header: { typ: undefined } })],
  ['with a critical extension', () => token({ header: { crit: ['b64'], b64: true } })],
  ['with an empty crit', () => token({ header: { crit: [] } })],
  ['of another issuer', () => token({ claims: { iss: 'somebody' } })],
  ['without an issuer', () => token({ claims: { iss: undefined } })],
  ['for another audience', () => token({ claims: { aud: 'somebody' } })],
  ['without an audience', () => token({ claims: { aud: undefined } })],
  ['without an expiry', () => token({ claims: { exp: undefined } })],
  ['with an expiry that is a text', () => token({ claims: { exp: '9999999999' } })],
  ['that has expired', () => token({ claims: { exp: now() - 1 } })],
  ['that is not valid yet', () => token({ claims: { nbf: now() + 300 } })],
  ['that would live for years', () => token({ claims: { exp: now() + 10 * 365 * 86_400 } })],
  ['issued in the future', () => token({ claims: { iat: now() + 300 } })],
  ['without a subject', () => token({ claims: { sub: undefined } })],
  ['whose subject is a session', () => token({ claims: { sub: genuine.claims.sid } })],
  ['without a session', () => token({ claims: { sid: undefined } })],
  ['whose version is a text', () => token({ claims: { ver: '7' } })],
  [
    'with its claims changed and the signature kept',
    () => {
      const [header, , signature] = ada.tokens.accessToken.split('.')
      return `${header}.${encoded({ ...genuine.claims, scope: 'users:read users:write' })}.${signature}`
    },
  ],
]

interface Refusal {
  status: number
  body: { errors: { message: string; extensions: { code: string; requestId: string } }[] }
}

/** What one of the three doors says to a bearer; the subgraphs are called as the gateway calls them. */
async function ask(door: string, bearer: string, query: string): Promise<Refusal> {
  const { url, signed } = {
    gateway: { url: graph.url, signed: false },
    auth: { url: graph.authUrl, signed: true },
    chat: { url: graph.chatUrl, signed: true },
  }[door] ?? { url: '', signed: false }
  const body = JSON.stringify({ query })
  const headers: Record<string, string> = { authorization: `Bearer ${bearer}`.trim() }
  if (signed) headers[SIGNATURE_HEADER] = new ServiceSigner(SECRET).sign('/graphql', body, headers)
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: (await response.json()) as Refusal['body'] }
}

const QUERIES: Readonly<Record<string, string>> = {
  gateway: '{ me { id } }',
  auth: '{ me { id } }',
  chat: '{ conversations { nodes { id } } }',
}

describe.each(['gateway', 'auth', 'chat'])('At %s', (door) => {
  it('the token that forgeries are made from is accepted', async () => {
    for (const bearer of [ada.tokens.accessToken, token({})]) {
      expect(await ask(door, bearer, QUERIES[door] ?? '')).toMatchObject({ status: 200, body: { data: {} } })
    }
  })

  it.each(FORGERIES)('a token %s is refused, in the same words as all', async (_title, make) => {
    const { status, body } = await ask(door, make(), QUERIES[door] ?? '')
    expect(status).toBe(401)
    expect(body).toEqual({
      errors: [
        {
          message: 'Sign in first: the access token is missing, malformed, expired or revoked.',
          extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
        },
      ],
    })
  })
})

describe('On the gateway’s socket', () => {
  it.each(FORGERIES)('a token %s closes it with 4403', async (_title, make) => {
    const closed = Promise.withResolvers<number>()
    const client = createClient({
      url: `${graph.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => {},
      connectionParams: { authorization: `Bearer ${make()}` },
      on: { closed: (event) => closed.resolve((event as CloseEvent).code) },
    })
    expect(await closed.promise).toBe(4403)
    await client.dispose()
  })
})
