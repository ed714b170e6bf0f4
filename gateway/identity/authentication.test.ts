import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTokenIssuer, type TokenIssuer } from '../testing/access-tokens.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const START = new Date('2030-01-01T00:00:00Z')
const UNAUTHENTICATED = { extensions: { code: 'UNAUTHENTICATED' } }

let issuer: TokenIssuer
let toy: ToyGateway
let now: Date

beforeEach(async () => {
  now = START
  issuer = await startTokenIssuer()
  toy = await startToyGateway(issuer.environment, { now: () => now })
})

afterEach(async () => {
  await toy[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const validToken = () => issuer.token({ issuedAt: START, expiresInSeconds: 600 })

const badTokens: [what: string, authorization: () => string][] = [
  ['is malformed', () => 'Bearer nonsense'],
  ['is no bearer token', () => 'Basic dXNlcjpwYXNz'],
  [
    'has expired',
    () => `Bearer ${issuer.token({ issuedAt: new Date(START.getTime() - 3_600_000), expiresInSeconds: 600 })}`,
  ],
  ['is forged', () => `Bearer ${issuer.forgedToken(START)}`],
]

describe('a request', () => {
  it('without a token is anonymous', async () => {
    expect((await toy.query('{ reviews { id } }')).status).toBe(200)
  })

  it('with a token is verified, and the token goes on to the subgraphs', async () => {
    const authorization = `Bearer ${validToken()}`
    expect((await toy.query('{ reviews { id } }', { headers: { authorization } })).status).toBe(200)
    expect(toy.graph.reviews.requests.at(-1)?.headers.authorization).toBe(authorization)
  })

  it.each(badTokens)(
    'is refused as a whole, always in the same words, when its token %s',
    async (_what, authorization) => {
      const query = '{ reviews { id } }'
      const { status, headers, body } = await toy.query(query, { headers: { authorization: authorization() } })
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(body).toEqual({
        errors: [
          {
            message: 'Sign in first: the access token is missing, malformed, expired or revoked.',
            extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
          },
        ],
      })
      expect(toy.graph.reviews.requests).toEqual([])
    },
  )
})

describe('a socket', () => {
  it.each(badTokens)('is closed with 4403 when its token %s', async (_what, authorization) => {
    const client = await SocketClient.open(toy.socketUrl)
    client.send({ type: 'connection_init', payload: { authorization: authorization() } })
    expect((await client.whenClosed()).code).toBe(4403)
  })

  it.each([
    ['authorization', (authorization: string) => ({ authorization })],
    ['Authorization', (authorization: string) => ({ Authorization: authorization })],
    ['headers.Authorization', (authorization: string) => ({ headers: { Authorization: authorization } })],
  ])('may give its token as %s', async (_where, payload) => {
    const authorization = `Bearer ${validToken()}`
    const client = await SocketClient.connect(toy.socketUrl, payload(authorization))
    client.subscribe('1', 'mutation { addReview(body: "x") { id } }')
    await client.next()
    expect(toy.graph.reviews.requests.at(-1)?.headers.authorization).toBe(authorization)
    await client.close()
  })

  it('without a token is anonymous', async () => {
    const client = await SocketClient.connect(toy.socketUrl)
    await client.close()
  })

  it('ends its streams with UNAUTHENTICATED and closes with 4403 when the token expires', async () => {
    now = new Date(START.getTime() + 599_950)
    const client = await SocketClient.connect(toy.socketUrl, { authorization: `Bearer ${validToken()}` })
    for (const id of ['1', '2']) client.subscribe(id, 'subscription { reviewAdded { id } }')
    await vi.waitFor(() => expect(toy.graph.feed.watcherCount).toBe(2))
    now = new Date(START.getTime() + 600_000)
    const frames = [await client.next(), await client.next(), await client.next(), await client.next()]
    expect(frames.filter(({ type }) => type === 'next')).toMatchObject([
      { id: '1', payload: { errors: [UNAUTHENTICATED] } },
      { id: '2', payload: { errors: [UNAUTHENTICATED] } },
    ])
    expect(frames.filter(({ type }) => type === 'complete')).toHaveLength(2)
    expect((await client.whenClosed()).code).toBe(4403)
    await vi.waitFor(() => expect(toy.graph.feed.watcherCount).toBe(0))
  })
})
