import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServiceSigner, SIGNATURE_HEADER, type SignedHeaders } from '../../platform/service-signature.ts'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const SERVICE_SECRET = 'a secret that the services of this graph share'
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const BOTH = '{ review(id: "r1") { body author { id name } } }'

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({ SERVICE_SECRET, TRUSTED_PROXIES: '127.0.0.1' })
})

afterEach(() => {
  toy.graph.users.intercept = () => false
})

afterAll(async () => {
  await toy[Symbol.asyncDispose]()
})

/** What a subgraph answers that does not execute a request. */
function refusal(code: string): string {
  return JSON.stringify({ errors: [{ message: 'Refused.', extensions: { code } }] })
}

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
      // Whether it is recorded is not for the client to say.
      traceparent: TRACEPARENT.replace(/01$/, '00'),
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

  const garbage: [what: string, status: number, body: string][] = [
    ['a page of HTML', 502, '<h1>Bad Gateway</h1>'],
    ['nothing', 200, ''],
    ['a list', 200, '[]'],
    ['neither data nor errors', 200, '{}'],
    ['data that is no object', 200, '{"data":"yes"}'],
    ['fewer entities than were asked for', 200, '{"data":{"_entities":[]}}'],
    ['errors that are no errors', 200, '{"data":null,"errors":["no"]}'],
    ['that it refuses our call', 403, refusal('FORBIDDEN')],
    ['that it knows no such page', 404, refusal('NOT_FOUND')],
    ['that the body is too large', 413, refusal('BAD_USER_INPUT')],
    ['401, but not about the token', 401, refusal('FORBIDDEN')],
    ['an error of its server', 500, refusal('INTERNAL_SERVER_ERROR')],
  ]

  it.each(garbage)('blanks its own fields alone when it answers %s', async (_what, status, body) => {
    toy.graph.users.intercept = (response) => Boolean(response.writeHead(status).end(body))
    await expectUsersToBeBlank()
  })
})

describe('a subgraph that answers errors', () => {
  function answer(status: number, body: string) {
    toy.graph.users.intercept = (response) => Boolean(response.writeHead(status).end(body))
  }

  it('is heard when it refuses the token, revoked meanwhile', async () => {
    answer(401, refusal('UNAUTHENTICATED'))
    expect((await toy.query(BOTH)).body.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }])
  })

  it('is heard when it finds fault with the request, and when it is asked too often', async () => {
    answer(400, refusal('BAD_USER_INPUT'))
    expect((await toy.query(BOTH)).body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    answer(429, refusal('RATE_LIMITED'))
    expect((await toy.query(BOTH)).body.errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }])
  })

  it('is heard under any status when it answers data as well', async () => {
    const entities = [{ __typename: 'User', name: 'Ada' }]
    answer(500, JSON.stringify({ data: { _entities: entities }, errors: [{ message: 'Half of it failed.' }] }))
    expect((await toy.query(BOTH)).body.data).toEqual({ review: { body: 'Fine.', author: { id: 'u1', name: 'Ada' } } })
  })
})

describe('a subgraph that refuses our signature', () => {
  it('is logged once, with what is probably wrong', async () => {
    const log = new LogLines()
    const unsigned = await startToyGateway({}, { logger: log.logger })
    unsigned.graph.users.intercept = (response) => Boolean(response.writeHead(403).end(refusal('FORBIDDEN')))
    await unsigned.query(BOTH)
    await unsigned.query(BOTH)
    await unsigned[Symbol.asyncDispose]()
    expect(log.messages('error')).toEqual([expect.stringContaining('SERVICE_SECRET')])
    expect(log.messages('warn')).toEqual(['subgraph unavailable', 'subgraph unavailable'])
  })
})

describe('an operation that takes too long', () => {
  const tooLong = {
    message: expect.stringMatching(/took longer than 1000 ms/),
    extensions: { code: 'OPERATION_TOO_EXPENSIVE' },
  }
  let impatient: ToyGateway

  beforeAll(async () => {
    impatient = await startToyGateway({ LIMIT_OPERATION_MS: '1000' })
    impatient.graph.users.intercept = () => true
  })

  afterAll(() => impatient[Symbol.asyncDispose]())

  it('keeps what it has, and says so, over HTTP', async () => {
    const { status, body } = await impatient.query(BOTH)
    expect(status).toBe(200)
    expect(body.data).toEqual({ review: { body: 'Fine.', author: null } })
    expect(body.errors).toMatchObject([{ path: ['review', 'author'], ...tooLong }])
  })

  it('says so on a socket, as an operation and as an event', async () => {
    const client = await SocketClient.connect(impatient.socketUrl)
    client.subscribe('1', BOTH)
    expect((await client.next()).payload?.errors).toMatchObject([tooLong])
    expect((await client.next()).type).toBe('complete')
    client.subscribe('2', 'subscription { reviewAdded { id author { name } } }')
    await vi.waitFor(() => expect(impatient.graph.feed.watcherCount).toBe(1))
    impatient.graph.feed.publish({ id: 'a', body: 'A', authorId: 'u1' })
    const { payload } = await client.next()
    expect(payload?.data).toEqual({ reviewAdded: { id: 'a', author: null } })
    expect(payload?.errors).toMatchObject([tooLong])
    await client.close()
  })
})

describe('a fetch of many entities', () => {
  const many = (count: number, nobody?: number) =>
    Array.from({ length: count }, (_, index) => ({
      id: `r${index}`,
      body: '',
      authorId: index === nobody ? 'nobody' : `u${index}`,
    }))

  beforeEach(() => {
    toy.graph.users.requests.length = 0
  })

  afterEach(() => {
    toy.graph.reviewList = undefined
  })

  const asked = () =>
    toy.graph.users.requests.map(({ body }) => JSON.parse(body).variables.representations.length as number)

  it('is made of batches of 500 at most, whose answers keep their order', async () => {
    toy.graph.reviewList = many(1_203)
    const { body } = await toy.query('{ reviews { author { name } } }')
    expect(body).toEqual({
      data: { reviews: many(1_203).map(({ authorId }) => ({ author: { name: `Name of ${authorId}` } })) },
    })
    expect(asked().sort((a, b) => b - a)).toEqual([500, 500, 203])
  })

  it('has the errors of each batch at the places they belong to', async () => {
    toy.graph.reviewList = many(1_001, 700)
    const { body } = await toy.query('{ reviews { author { email } } }')
    expect(body.errors).toHaveLength(1_000)
    const paths = body.errors?.map(({ path }) => path?.join('.'))
    expect(paths).toContain('reviews.1000.author.email')
    expect(paths).toContain('reviews.499.author.email')
    expect(paths).not.toContain('reviews.700.author.email')
  })

  it('keeps the entities of one batch when another answers none', async () => {
    toy.graph.reviewList = many(501)
    toy.graph.users.intercept = (response) => {
      const { body } = lastRequest()
      const isFirst = JSON.parse(body).variables.representations.length === 500
      return isFirst && Boolean(response.end(refusal('FORBIDDEN')))
    }
    const { body } = await toy.query('{ reviews { author { name } } }')
    const { reviews } = body.data as { reviews: unknown[] }
    expect(reviews[499]).toEqual({ author: null })
    expect(reviews[500]).toEqual({ author: { name: 'Name of u500' } })
    expect(body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  })

  it('is one request when there are few', async () => {
    toy.graph.reviewList = many(500)
    await toy.query('{ reviews { author { name } } }')
    expect(asked()).toEqual([500])
  })
})

it('a variable of the client may have the name that federation gives its own', async () => {
  const query = 'query($representations: ID!) { review(id: $representations) { body } }'
  const { body } = await toy.query(query, { variables: { representations: 'r1' } })
  expect(body).toEqual({ data: { review: { body: 'Fine.' } } })
})
