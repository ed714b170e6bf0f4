import { once } from 'node:events'
import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const APP = 'https://app.example'
const ELSEWHERE = 'https://elsewhere.example'
const QUERY = '{ __typename }'

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({ ALLOWED_ORIGINS: APP })
})

afterAll(() => toy[Symbol.asyncDispose]())

const preflight = (origin: string) =>
  fetch(toy.url, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  })

describe('a web page that asks whether it may call', () => {
  it('may from an allowed origin, for ten minutes', async () => {
    const { status, headers } = await preflight(APP)
    expect(status).toBe(204)
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': expect.stringContaining('authorization'),
      'access-control-max-age': '600',
      vary: expect.stringMatching(/origin/i),
    })
    expect(headers.get('access-control-allow-credentials')).toBeNull()
  })

  it('may from the gateway’s own', async () => {
    const own = new URL(toy.url).origin
    const { status, headers } = await preflight(own)
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(own)
  })

  it.each([ELSEWHERE, 'null', 'https://app.example.evil.example', 'http://app.example'])(
    'may not from %s',
    async (origin) => {
      const { status, headers } = await preflight(origin)
      expect(status).toBe(404)
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('vary')).toMatch(/origin/i)
    },
  )
})

describe('an answer', () => {
  it('tells an allowed page its request id', async () => {
    const { headers } = await toy.query(QUERY, { headers: { origin: APP } })
    expect(headers.get('access-control-allow-origin')).toBe(APP)
    expect(headers.get('access-control-expose-headers')).toBe('x-request-id, retry-after')
  })

  it.each([
    ['a success', () => toy.query(QUERY)],
    ['a refusal', () => toy.query('{ nothing }')],
    ['a page that is not there', () => fetch(`${toy.gateway.url}/nowhere`)],
  ])('that is %s is taken for nothing else by browsers, framed by nobody and not kept', async (_what, ask) => {
    const { headers } = await ask()
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
    })
    expect(headers.get('x-powered-by')).toBeNull()
  })
})

describe('the explorer', () => {
  it.each([
    ['offline', ['worker-src blob:', "connect-src 'self'"]],
    ['sandbox', ['frame-src https://sandbox.embed.apollographql.com', 'https://embeddable-sandbox.cdn']],
  ])('that is %s loads its own scripts and no others', async (explorer, expected) => {
    const page = await startToyGateway({ EXPLORER: explorer })
    const { headers } = await fetch(page.url, { headers: { accept: 'text/html' } })
    await page[Symbol.asyncDispose]()
    const policy = headers.get('content-security-policy') ?? ''
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", ...expected]) {
      expect(policy).toContain(directive)
    }
    expect(policy).toMatch(/script-src ('sha256-[\w+/=]{44}' ?)+/)
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
  })
})

describe('a request that a form or an image of another page could make', () => {
  const search = new URLSearchParams({ query: QUERY })
  const mutation = JSON.stringify({ query: 'mutation { addReview(body: "Forged.") { id } }' })

  it('is refused by GET, unless a header shows that it is none', async () => {
    const forged = await fetch(`${toy.url}?${search}`)
    expect(forged.status).toBe(400)
    expect(await forged.json()).toMatchObject({
      errors: [
        { message: expect.stringContaining('Cross-Site Request Forgery'), extensions: { code: 'BAD_USER_INPUT' } },
      ],
    })
    for (const header of ['apollo-require-preflight', 'x-apollo-operation-name']) {
      expect((await fetch(`${toy.url}?${search}`, { headers: { [header]: 'yes' } })).status).toBe(200)
    }
    expect((await fetch(`${toy.url}?${search}`, { headers: { 'content-type': 'application/json' } })).status).toBe(200)
  })

  it.each(['cross-site', 'same-site'])('opens no stream, which needs no such header, when it is %s', async (site) => {
    const before = toy.graph.reviews.requests.length
    for (const accept of ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0,application/json']) {
      const asked = new URLSearchParams({ query: 'subscription { reviewAdded { id } }' })
      // `fetch` of Node sends a site of its own.
      const [response] = await once(
        get(`${toy.url}?${asked}`, { headers: { accept, 'sec-fetch-site': site } }),
        'response',
      )
      response.resume()
      expect(response.statusCode).toBe(403)
    }
    expect(toy.graph.feed.watcherCount).toBe(0)
    expect(toy.graph.reviews.requests.length).toBe(before)
  })

  it.each([
    ['text/plain', mutation],
    ['application/x-www-form-urlencoded', new URLSearchParams({ query: mutation }).toString()],
    [
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n${mutation}\r\n--x--`,
    ],
    ['text/plain; application/json', mutation],
  ])('is refused as %s, and nothing runs', async (type, body) => {
    const before = toy.graph.reviews.requests.length
    const { status } = await fetch(toy.url, { method: 'POST', headers: { 'content-type': type }, body })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(toy.graph.reviews.requests.length).toBe(before)
  })

  it('is refused without a content type', async () => {
    const before = toy.graph.reviews.requests.length
    const body = new Blob([mutation])
    const { status } = await fetch(toy.url, { method: 'POST', body })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(toy.graph.reviews.requests.length).toBe(before)
  })

  it('cannot be a mutation by GET', async () => {
    const forged = new URLSearchParams({ query: 'mutation { addReview(body: "Forged.") { id } }' })
    const { status, headers } = await fetch(`${toy.url}?${forged}`, { headers: { 'apollo-require-preflight': 'yes' } })
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('POST')
  })
})
