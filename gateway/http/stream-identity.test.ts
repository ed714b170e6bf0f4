import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AccessTokenVerifier } from '../../platform/access-token.ts'
import { newUuid } from '../../platform/ids.ts'
import { startTokenIssuer, type TokenIssuer } from '../testing/access-tokens.ts'
import { MultipartClient } from '../testing/multipart-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const START = Date.parse('2030-01-01T00:00:00Z')
const ADDED = 'subscription { reviewAdded { id } }'
/** The gateway learns from the operation alone that it is to be a stream, once it has looked at the request. */
const FORMATS = ['multipart/mixed;subscriptionSpec=1.0', 'application/json, text/event-stream']

let issuer: TokenIssuer
let toy: ToyGateway
let now: number

beforeEach(async () => {
  now = START
  issuer = await startTokenIssuer()
  const environment = {
    ...issuer.environment,
    AUTH_URL: issuer.origin,
    SERVICE_SECRET: 'a secret that the services of this graph share',
  }
  toy = await startToyGateway(environment, { now: () => new Date(now) })
})

afterEach(async () => {
  vi.restoreAllMocks()
  await toy[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const userId = newUuid()
const authorization = () => `Bearer ${issuer.token({ issuedAt: new Date(START), expiresInSeconds: 600, userId })}`
const watchers = (count: number) => expect.poll(() => toy.graph.feed.watcherCount).toBe(count)

describe('a subscription that is posted like any operation', () => {
  it.each(FORMATS)('has its token verified once, accepting %s', async (accept) => {
    const verifying = vi.spyOn(AccessTokenVerifier.prototype, 'viewerFrom')
    const headers = { 'content-type': 'application/json', accept, authorization: authorization() }
    const leaving = new AbortController()
    const body = JSON.stringify({ query: ADDED })
    const { status } = await fetch(toy.url, { method: 'POST', headers, body, signal: leaving.signal })
    await watchers(1)
    expect(status).toBe(200)
    expect(verifying).toHaveBeenCalledTimes(1)
    leaving.abort()
    await watchers(0)
  })

  it.each(FORMATS)('is refused when its token proves nothing, accepting %s', async (accept) => {
    const headers = { 'content-type': 'application/json', accept, authorization: 'Bearer nonsense' }
    const answer = await fetch(toy.url, { method: 'POST', headers, body: JSON.stringify({ query: ADDED }) })
    expect(answer.status).toBe(401)
    expect(toy.graph.feed.watcherCount).toBe(0)
  })

  it('ends when its token is revoked', async () => {
    const client = await MultipartClient.subscribe(toy.url, { query: ADDED }, { authorization: authorization() })
    await watchers(1)
    issuer.revoke(userId, 1)
    const last = await client.next()
    expect(JSON.stringify(last)).toContain('UNAUTHENTICATED')
    expect(await client.next()).toBeUndefined()
    await watchers(0)
  })
})
