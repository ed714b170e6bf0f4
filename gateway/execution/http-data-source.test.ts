import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ServiceSigner, SIGNATURE_HEADER, type SignedHeaders } from '../../platform/service-signature.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const SERVICE_SECRET = 'a secret that the services of this graph share'
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const BOTH = '{ review(id: "r1") { body author { id name } } }'

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({ SERVICE_SECRET, TRUSTED_PROXIES: '127.0.0.1', LIMIT_OPERATION_MS: '300' })
})

afterEach(() => {
  toy.graph.users.intercept = () => false
})

afterAll(async () => {
  await toy[Symbol.asyncDispose]()
})

function lastRequest() {
  const request = toy.graph.users.requests.at(-1)
  if (!request) throw new Error('The subgraph was never asked.')
  return request
}

describe('what a subgraph is told of the client', () => {
  const authorization = 'Bearer whatever the client said'

  it('is the token unchanged, the ids, the address and the browser', async () => {
    await toy.query(BOTH, {
      headers: {
        authorization,
        traceparent: TRACEPARENT,
        'x-request-id': 'told-1',
        'x-forwarded-for': '203.0.113.9',
        'user-agent': 'Test/1.0',
      },
    })
    expect(lastRequest().headers).toMatchObject({
      authorization,
      traceparent: TRACEPARENT,
      'x-request-id': 'told-1',
      'x-forwarded-for': '203.0.113.9',
      'x-client-user-agent': 'Test/1.0',
    })
  })

  it('is never a header that claims an identity, a cookie, or anything else of the client', async () => {
    await toy.query(BOTH, {
      headers: {
        'x-user-id': 'admin',
        'x-parley-viewer': 'admin',
        'x-parley-signature': 't=1,v1=00',
        cookie: 'session=1',
        traceparent: 'not a trace',
      },
    })
    const expected = ['accept', 'connection', 'content-length', 'content-type', 'host', SIGNATURE_HEADER]
    const forwarded = ['x-client-user-agent', 'x-forwarded-for', 'x-request-id']
    expect(Object.keys(lastRequest().headers).sort()).toEqual([...expected, ...forwarded].sort())
  })

  it('is signed together with the request', async () => {
    await toy.query(BOTH, { headers: { authorization } })
    const { path, body, headers } = lastRequest()
    const signature = String(headers[SIGNATURE_HEADER])
    const signer = new ServiceSigner(SERVICE_SECRET)
    expect(signer.verify(signature, path, body, headers as SignedHeaders)).toBe(true)
    expect(signer.verify(signature, path, `${body} `, headers as SignedHeaders)).toBe(false)
  })
})

describe('a subgraph that is unavailable', () => {
  async function expectUsersToBeBlank() {
    const { status, body } = await toy.query(BOTH)
    expect(status).toBe(200)
    expect(body.data).toEqual({ review: { body: 'Fine.', author: null } })
    expect(body.errors).toMatchObject([{ path: ['review', 'author'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }])
  }

  it('blanks its own fields alone when it is down, and serves again when it is back', async () => {
    await toy.graph.users.stop()
    await expectUsersToBeBlank()
    await toy.graph.users.start()
    const { body } = await toy.query(BOTH)
    expect(body).toMatchObject({ data: { review: { author: { id: 'u1', name: 'Name of u1' } } } })
  })

  it('blanks its own fields alone when it does not answer in time', async () => {
    toy.graph.users.intercept = () => true
    await expectUsersToBeBlank()
  })

  const garbage: [what: string, status: number, body: string][] = [
    ['a page of HTML', 502, '<h1>Bad Gateway</h1>'],
    ['nothing', 200, ''],
    ['a list', 200, '[]'],
    ['neither data nor errors', 200, '{}'],
    ['data that is no object', 200, '{"data":"yes"}'],
    ['fewer entities than were asked for', 200, '{"data":{"_entities":[]}}'],
    ['errors that are no errors', 200, '{"data":null,"errors":["no"]}'],
  ]

  it.each(garbage)('blanks its own fields alone when it answers %s', async (_what, status, body) => {
    toy.graph.users.intercept = (response) => Boolean(response.writeHead(status).end(body))
    await expectUsersToBeBlank()
  })
})
