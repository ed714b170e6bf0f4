import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import jsonwebtoken from 'jsonwebtoken'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { TOP_LEVEL_CODES } from '../platform/errors.ts'
import { contentOf, rowsOf } from './support/database-content.ts'
import type { GraphFailure } from './support/graph-client.ts'
import { createConversation, PASSWORD, type Person, SEND_MESSAGE, signUp } from './support/people.ts'
import { TestClock } from './support/test-clock.ts'
import { startTestGraph, type TestGraph } from './support/test-graph.ts'

/** An hour from the tests' own time a token of ten minutes has expired. */
const LATER_MS = 3_600_000
const UNKNOWN_CONVERSATION = 'cnv_01h455vb4pex5vsknk084sn02q'
const READ = 'query Read($id: ID!) { conversation(id: $id) { id title } }'

let graph: TestGraph
let ada: Person
let grace: Person
let conversationId: string
const clock = new TestClock('running')

beforeAll(async () => {
  graph = await startTestGraph({ clock })
  ada = await signUp(graph, 'ada')
  grace = await signUp(graph, 'grace')
  conversationId = await createConversation(ada, { kind: 'GROUP' })
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  clock[Symbol.dispose]()
})

/** Whatever a test of this file sends, nothing of it may be written: not even half of it. */
beforeEach(async () => {
  const before = await contentOf(graph.databaseUrl)
  onTestFinished(async () => expect(await contentOf(graph.databaseUrl)).toEqual(before))
})

interface Answer {
  readonly status: number
  readonly requestId: string | null
  readonly body: { readonly data?: unknown; readonly errors?: readonly GraphFailure[] }
}

/** Sends a request as it is, and checks what holds for every answer: JSON, a request id, and errors in one shape. */
async function send(body: unknown, headers: Record<string, string> = {}, url = '/graphql'): Promise<Answer> {
  const response = await fetch(graph.url + url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ada.tokens.accessToken}`, ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  expect(response.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json\b/)
  const answer: Answer = {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    body: (await response.json()) as Answer['body'],
  }
  expect(answer.requestId).toMatch(/^[A-Za-z0-9._:-]{1,128}$/)
  for (const error of answer.body.errors ?? []) {
    expect(Object.keys(error.extensions).sort()).toEqual(['code', 'requestId'])
    expect(TOP_LEVEL_CODES).toContain(error.extensions.code)
    expect(error.extensions.requestId).toBe(answer.requestId)
    expect(error.message).not.toMatch(/\n\s+at |node:internal|node_modules/)
  }
  return answer
}

const codesOf = ({ body }: Answer) => (body.errors ?? []).map(({ extensions }) => extensions.code)

const sendMessage = (input: Record<string, unknown>) => ({
  query: SEND_MESSAGE,
  variables: { input: { conversationId, body: 'Hello', clientId: randomUUID(), ...input } },
})

describe('an access token that proves nothing', () => {
  const tokens: [what: string, authorization: () => string | Promise<string>][] = [
    ['is no token at all', () => 'Bearer nonsense'],
    ['comes under another scheme', () => `Basic ${ada.tokens.accessToken}`],
    ['is empty', () => 'Bearer '],
    ['is a refresh token', () => `Bearer ${ada.tokens.refreshToken}`],
    ['is signed with another key', () => `Bearer ${signedAnew('ES256', newSigningKey())}`],
    ['is signed with nothing', () => `Bearer ${signedAnew('none', '')}`],
    ['is signed with the public key as if it were a secret', async () => `Bearer ${signedWith(await publicKey())}`],
    ['was changed after it was signed', () => `Bearer ${madeOutTo(grace.id)}`],
    ['has expired', () => `Bearer ${expired()}`],
  ]

  it.each(tokens)('is refused, always in the same words, over HTTP when it %s', async (_what, authorization) => {
    const answer = await send(sendMessage({}), { authorization: await authorization() })
    expect(answer).toEqual({
      status: 401,
      requestId: expect.any(String),
      body: {
        errors: [
          {
            message: 'Sign in first: the access token is missing, malformed, expired or revoked.',
            extensions: { code: 'UNAUTHENTICATED', requestId: answer.requestId },
          },
        ],
      },
    })
  })

  it.each(tokens)('closes the socket with 4403 when it %s', async (_what, authorization) => {
    const socket = new WebSocket(`${graph.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const signal = AbortSignal.timeout(5_000)
    await once(socket, 'open', { signal })
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: await authorization() } }))
    const [code] = await once(socket, 'close', { signal })
    expect(code).toBe(4403)
  })

  /** Ada's own claims under another signature. */
  function signedAnew(algorithm: jsonwebtoken.Algorithm, key: jsonwebtoken.Secret): string {
    const { header, payload } = jsonwebtoken.decode(ada.tokens.accessToken, { complete: true }) ?? {}
    return jsonwebtoken.sign(payload ?? '', key, { algorithm, header: { ...header, alg: algorithm } })
  }

  /** By hand, because the library will not: an HMAC under the key that everybody can download. */
  function signedWith(secret: string): string {
    const [header, payload] = signedAnew('HS256', 'x'.repeat(32)).split('.')
    return `${header}.${payload}.${createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')}`
  }

  async function publicKey(): Promise<string> {
    const { keys } = (await (await fetch(`${graph.authUrl}/.well-known/jwks.json`)).json()) as { keys: [JsonWebKey] }
    return createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  }

  function madeOutTo(sub: string): string {
    const [header, payload = '', signature] = ada.tokens.accessToken.split('.')
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub }
    return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
  }

  /** Good until now, because now is an hour later for the rest of the test. */
  function expired(): string {
    clock.set(LATER_MS)
    onTestFinished(() => clock.set(0))
    return ada.tokens.accessToken
  }
})

describe('what is not there, or not for the viewer,', () => {
  it.each([
    ['does not exist', () => UNKNOWN_CONVERSATION, () => ada],
    ['is of other people', () => conversationId, () => grace],
  ])('is the same NOT_FOUND for reading and for writing when it %s', async (_what, idOf, whoOf) => {
    const authorization = `Bearer ${whoOf().tokens.accessToken}`
    const read = await send({ query: READ, variables: { id: idOf() } }, { authorization })
    const written = await send(sendMessage({ conversationId: idOf() }), { authorization })
    expect([read.status, read.body.data]).toEqual([200, { conversation: null }])
    expect([written.status, written.body.data]).toEqual([200, { sendMessage: null }])
    for (const { body } of [read, written]) {
      expect(body.errors).toMatchObject([{ message: 'No such conversation.', extensions: { code: 'NOT_FOUND' } }])
    }
  })

  it('ends a subscription with NOT_FOUND', async () => {
    const stream = grace.client.subscribe(
      'subscription Watch($id: ID!) { conversationEvents(conversationId: $id) { __typename } }',
      { id: conversationId },
    )
    expect(await stream.failureCodes()).toEqual(['NOT_FOUND'])
  })
})

describe('a message', () => {
  it.each([
    ['empty', ''],
    ['only white space', ' \n\t\u00a0'],
    ['one character too long', 'x'.repeat(16_001)],
  ])('that is %s is refused with a user error that names the field', async (_what, body) => {
    const answer = await send(sendMessage({ body }))
    expect(answer.body).toEqual({
      data: {
        sendMessage: {
          message: null,
          reply: null,
          userErrors: [{ code: 'BAD_USER_INPUT', message: expect.any(String), path: ['input', 'body'] }],
        },
      },
    })
  })
})

describe('a variable', () => {
  it.each<[what: string, status: number, request: () => unknown]>([
    ['is missing', 400, () => ({ query: READ })],
    ['is of the wrong type', 400, () => ({ query: READ, variables: { id: { eq: 1 } } })],
    ['is of the wrong type inside an input', 400, () => sendMessage({ body: 5 })],
    ['has a field that the input does not have', 400, () => sendMessage({ colour: 'red' })],
    ['is no UUID where one is wanted', 200, () => sendMessage({ clientId: 'first' })],
    ['is no id where one is wanted', 200, () => ({ query: READ, variables: { id: 'cnv_!' } })],
    ['is the id of something else', 200, () => ({ query: READ, variables: { id: ada.id } })],
    ['is the id of something else in a mutation', 200, () => sendMessage({ conversationId: ada.id })],
  ])('that %s is BAD_USER_INPUT', async (_what, status, request) => {
    const answer = await send(request())
    expect(answer.status).toBe(status)
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect(Object.values(answer.body.data ?? {}).filter((value) => value !== null)).toEqual([])
  })
})

describe('a request', () => {
  const me = { query: '{ me { id } }' }

  it.each<[what: string, status: number, body: string]>([
    ['that is no JSON', 400, '{ "query": "{ me'],
    ['that is a batch', 400, JSON.stringify([me, me])],
    ['that is an empty batch', 400, '[]'],
    ['that is a number', 400, '7'],
    ['without a query', 400, '{ "variables": {} }'],
    ['whose query is no text', 400, '{ "query": 7 }'],
    ['whose variables are a list', 400, JSON.stringify({ ...me, variables: [] })],
    ['that breaks the syntax', 400, JSON.stringify({ query: '{ me { id }' })],
    ['for a field that there is not', 400, JSON.stringify({ query: '{ me { shoeSize } }' })],
    ['for an operation that it does not contain', 400, JSON.stringify({ ...me, operationName: 'Other' })],
    [
      'that does not say which of its operations to run',
      400,
      '{ "query": "query A { me { id } } query B { me { id } }" }',
    ],
    [
      'to subscribe without a socket',
      400,
      JSON.stringify({ query: 'subscription { messageAdded(conversationId: "") { id } }' }),
    ],
    ['of more than a megabyte', 413, JSON.stringify({ query: `${me.query}${' '.repeat(1_000_000)}` })],
  ])('%s is BAD_USER_INPUT, and nothing runs', async (_what, status, body) => {
    const answer = await send(body)
    expect(answer.status).toBe(status)
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect(answer.body.data).toBeUndefined()
  })

  it.each([
    ['of more than 2,000 tokens', `{ ${'a: __typename '.repeat(700)} }`],
    ['nested absurdly deep', `{ conversation(id: "${UNKNOWN_CONVERSATION}") ${nested(500)} }`],
    ['that repeats a fragment beyond measure', `{ ${'...F '.repeat(1_000)} } fragment F on Query { me { id } }`],
  ])('%s is OPERATION_TOO_EXPENSIVE', async (_what, query) => {
    expect(codesOf(await send({ query }))).toEqual(['OPERATION_TOO_EXPENSIVE'])
    const stream = ada.client.subscribe(query)
    expect(await stream.failureCodes()).toEqual(['OPERATION_TOO_EXPENSIVE'])
  })

  it('to change something by GET is refused', async () => {
    const query = encodeURIComponent('mutation { signOut { signedOut } }')
    const answer = await send(undefined, {}, `/graphql?query=${query}`)
    expect(answer.status).toBe(405)
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect((await send(me)).body).toEqual({ data: { me: { id: ada.id } } })
  })

  it('from a form on another site is refused', async () => {
    const answer = await send(sendMessage({}), { 'content-type': 'text/plain' })
    expect([answer.status, codesOf(answer)]).toEqual([400, ['BAD_USER_INPUT']])
  })

  it('for another page is NOT_FOUND', async () => {
    const answer = await send(me, {}, '/nowhere')
    expect([answer.status, codesOf(answer)]).toEqual([404, ['NOT_FOUND']])
  })
})

describe('a request id', () => {
  const failing = { query: '{ nothing }' }

  it('of the client is echoed, in the header and in every error', async () => {
    const answer = await send(failing, { 'x-request-id': 'a.request:id-1_2' })
    expect(answer.requestId).toBe('a.request:id-1_2')
    expect(answer.body.errors?.[0]?.extensions.requestId).toBe('a.request:id-1_2')
  })

  it.each([
    ['has a space', 'two words'],
    ['has angle brackets', '<script>'],
    ['is JSON', '{"a":1}'],
    ['is not ASCII', 'caf\u00e9'],
    ['is longer than 128 characters', 'x'.repeat(129)],
  ])('that %s is replaced', async (_what, id) => {
    const { requestId } = await send(failing, { 'x-request-id': id })
    expect(requestId).toMatch(/^[\da-f-]{36}$/)
  })
})

describe('what only our own services may say', () => {
  const spoofed = () => ({
    'x-user-id': grace.id,
    'x-parley-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`,
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'for=203.0.113.9',
  })

  it('does not make a client somebody else', async () => {
    const { body } = await send({ query: '{ me { id } }' }, spoofed())
    expect(body).toEqual({ data: { me: { id: ada.id } } })
  })

  it('does not sign an anonymous client in', async () => {
    const query = `query { conversation(id: "${conversationId}") { id } }`
    const response = await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...spoofed() },
      body: JSON.stringify({ query }),
    })
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
  })

  it('does not open a subgraph to a client', async () => {
    for (const url of [graph.authUrl, graph.chatUrl]) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...spoofed() },
        body: JSON.stringify({ query: '{ __typename }' }),
      })
      expect([response.status, await response.json()]).toMatchObject([
        403,
        { errors: [{ extensions: { code: 'FORBIDDEN' } }] },
      ])
    }
  })

  it('is not believed about the address of a client who signs in', async () => {
    const graphOfItsOwn = await startTestGraph()
    onTestFinished(() => graphOfItsOwn[Symbol.asyncDispose]())
    const input = { email: 'ada@example.org', username: 'ada', password: PASSWORD }
    await fetch(`${graphOfItsOwn.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...spoofed() },
      body: JSON.stringify({
        query: 'mutation SignUp($input: SignUpInput!) { signUp(input: $input) { user { id } } }',
        variables: { input },
      }),
    })
    const sessions = await rowsOf(graphOfItsOwn.databaseUrl, 'SELECT address FROM auth.session')
    expect(sessions).toEqual([{ address: '127.0.0.1' }])
  })
})

function newSigningKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** Conversations in messages in conversations: a small page of it would already be more than there are atoms. */
function nested(levels: number): string {
  return `${'{ messages { nodes { conversation '.repeat(levels)} { id } ${'} } }'.repeat(levels)}`
}
