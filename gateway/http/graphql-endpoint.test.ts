import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LogLines } from '../testing/log-lines.ts'
import { post, startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({ EXPLORER: 'off' })
})

afterAll(async () => {
  await toy[Symbol.asyncDispose]()
})

/** With a request target as it is given; `fetch` would put it right first. */
async function rawGet(path: string): Promise<{ status: number | undefined; body: unknown }> {
  const { hostname, port } = new URL(toy.url)
  const headers = { 'apollo-require-preflight': 'true' }
  const asked = request({ hostname, port, path, headers }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: await json(answer) }
}

describe('a query over HTTP', () => {
  it('is answered with the fields of both subgraphs', async () => {
    const { status, body } = await toy.query('{ reviews { id author { id name } } }')
    expect(status).toBe(200)
    expect(body).toEqual({
      data: {
        reviews: [
          { id: 'r1', author: { id: 'u1', name: 'Name of u1' } },
          { id: 'r2', author: { id: 'u2', name: 'Name of u2' } },
        ],
      },
    })
  })

  it('runs by GET as well, when the request could not have come from a form', async () => {
    const address = `${toy.url}?query=${encodeURIComponent('{ review(id: "r1") { body } }')}`
    const answer = await fetch(address, { headers: { 'apollo-require-preflight': 'true' } })
    expect(await answer.json()).toEqual({ data: { review: { body: 'Fine.' } } })
    const simple = await fetch(address)
    expect(simple.status).toBe(400)
    expect(await simple.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  })

  it('runs what was read of it, and not what another reader of its address would find there', async () => {
    const read = encodeURIComponent('query Read { __typename }')
    const hidden = encodeURIComponent(
      `\nquery Hidden { ${Array.from({ length: 60 }, (_, at) => `a${at}: __typename`)} }`,
    )
    const [first, second] = [read, encodeURIComponent('{ review(id: "r1") { body } }')]
    expect(await rawGet(`/graphql?query=${read}#${hidden}&operationName=Hidden`)).toMatchObject({
      status: 400,
      body: { errors: [{ message: expect.stringContaining('%23'), extensions: { code: 'BAD_USER_INPUT' } }] },
    })
    expect(await rawGet(`/graphql?query=${first}&query=${second}`)).toMatchObject({
      status: 200,
      body: { data: { review: { body: 'Fine.' } } },
    })
  })

  it('may have a document that is too large to be kept', async () => {
    const query = `{ review(id: "r1") { body } } #${'x'.repeat(30_000)}`
    for (let times = 0; times < 2; times += 1) {
      expect((await toy.query(query)).body).toEqual({ data: { review: { body: 'Fine.' } } })
    }
  })

  it('is cut off when its client takes nothing of its answer', async () => {
    const impatient = await startToyGateway({}, { patience: { stalledMs: 400 } })
    impatient.graph.reviewList = [{ id: 'r1', body: 'x'.repeat(15_000_000), authorId: 'u1' }]
    const client = connect(impatient.gateway.port, '127.0.0.1')
    const broken = once(client, 'error', { signal: AbortSignal.timeout(10_000) }).catch((timeout) => [timeout])
    client.pause()
    const asked = new URLSearchParams({ query: '{ reviews { body } }' })
    client.write(`GET /graphql?${asked} HTTP/1.1\r\nHost: localhost\r\napollo-require-preflight: true\r\n\r\n`)
    // Between two requests this says nothing: it shows whether there is anybody on the other end.
    const writing = setInterval(() => client.write('\r\n'), 20)
    const [error] = await broken
    clearInterval(writing)
    client.destroy()
    await impatient[Symbol.asyncDispose]()
    expect(error.code).toMatch(/EPIPE|ECONNRESET/)
  })

  it('keeps the message, path and code of a subgraph error, and nothing else of it', async () => {
    const { status, body } = await toy.query('{ secret review(id: "r1") { author { name email } } }', {
      headers: { 'x-request-id': 'my-request' },
    })
    expect(status).toBe(200)
    expect(body.data).toEqual({ secret: null, review: { author: { name: 'Name of u1', email: null } } })
    expect(body.errors).toEqual([
      {
        message: 'The secret is not yours.',
        path: ['secret'],
        extensions: { code: 'FORBIDDEN', requestId: 'my-request' },
      },
      {
        message: 'Emails are private.',
        path: ['review', 'author', 'email'],
        extensions: { code: 'FORBIDDEN', requestId: 'my-request' },
      },
    ])
  })

  it('echoes the id of the request', async () => {
    const { headers } = await toy.query('{ __typename }', { headers: { 'x-request-id': 'abc-1' } })
    expect(headers.get('x-request-id')).toBe('abc-1')
    expect((await toy.query('{ __typename }')).headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
  })
})

describe('a client that leaves before it has its answer', () => {
  it('takes its operation along, and that is nobody’s fault', async () => {
    const log = new LogLines()
    const deserted = await startToyGateway({}, { logger: log.logger })
    const arrived = Promise.withResolvers<void>()
    const dropped = Promise.withResolvers<void>()
    deserted.graph.users.intercept = (response) => {
      response.once('close', dropped.resolve)
      arrived.resolve()
      return true
    }
    const departure = new AbortController()
    const body = JSON.stringify({ query: '{ user(id: "u1") { name } }' })
    const headers = { 'content-type': 'application/json' }
    const left = fetch(deserted.url, { method: 'POST', headers, body, signal: departure.signal }).catch(() => 'left')
    await arrived.promise
    departure.abort()
    expect(await left).toBe('left')
    await dropped.promise
    await vi.waitFor(() => expect(log.messages('debug')).toContain('a call to a subgraph was abandoned'))
    await deserted[Symbol.asyncDispose]()
    expect([...log.messages('warn'), ...log.messages('error')]).toEqual([])
  })
})

describe('a request that is wrong', () => {
  const wrong: [what: string, status: number, body: string, message: RegExp][] = [
    ['is not JSON', 400, '{"query": ', /not valid JSON/],
    ['is a batch', 400, '[{"query":"{ __typename }"}]', /one operation a request/],
    ['has no document', 400, '{"variables":{}}', /non-empty `query`/],
    ['has a syntax error', 400, '{"query":"{ reviews { "}', /Syntax Error/],
    ['asks for an unknown field', 400, '{"query":"{ nothing }"}', /Cannot query field "nothing"/],
    ['names no operation of its document', 400, '{"query":"query A { __typename }","operationName":"B"}', /named "B"/],
    ['lacks a variable', 400, '{"query":"query($id: ID!) { review(id: $id) { id } }"}', /Variable "\$id"/],
    ['subscribes', 400, '{"query":"subscription { forbidden { id } }"}', /graphql-transport-ws/],
    [
      'makes the validation of graphql-js throw',
      400,
      '{"query":"subscription($s: Boolean!) { forbidden @skip(if: $s) { id } }","variables":{"s":false}}',
      /not provided a runtime value/,
    ],
    ['is larger than 1 MB', 413, JSON.stringify({ query: `{ __typename } #${'x'.repeat(1_000_000)}` }), /too large/],
  ]

  it.each(wrong)('is BAD_USER_INPUT when it %s', async (_what, status, body, message) => {
    const answer = await post(toy.url, body, { 'x-request-id': 'wrong-1' })
    expect(answer.status).toBe(status)
    expect(answer.body.errors?.[0]).toMatchObject({
      message: expect.stringMatching(message),
      extensions: { code: 'BAD_USER_INPUT', requestId: 'wrong-1' },
    })
    expect(answer.body.data).toBeUndefined()
    expect(JSON.stringify(answer.body)).not.toMatch(/stack|node_modules/)
  })

  it('is OPERATION_TOO_EXPENSIVE when its document has more than 2,000 tokens', async () => {
    const { status, body } = await toy.query(`{ ${'__typename '.repeat(2_001)} }`)
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_EXPENSIVE' } }])
  })

  it('reports every validation error, with where it is', async () => {
    const { body } = await toy.query('{ a b }')
    expect(body.errors).toMatchObject([
      { locations: [{ line: 1, column: 3 }] },
      { locations: [{ line: 1, column: 5 }] },
    ])
  })

  it('is answered in the media type of GraphQL over HTTP when the client accepts it', async () => {
    const accept = 'application/graphql-response+json'
    const { headers } = await toy.query('{ reviews { id } }', { headers: { accept } })
    expect(headers.get('content-type')).toContain(accept)
  })
})

describe('a page of another origin', () => {
  it('is told nothing unless its origin is allowed', async () => {
    const { headers } = await toy.query('{ __typename }', { headers: { origin: 'https://elsewhere.example' } })
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })

  it('may call once its origin is allowed', async () => {
    const open = await startToyGateway({ ALLOWED_ORIGINS: 'https://app.example' })
    const preflight = await fetch(open.url, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
    const { headers } = await open.query('{ __typename }', { headers: { origin: 'https://app.example' } })
    await open[Symbol.asyncDispose]()
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
  })
})

describe('in production', () => {
  it('neither introspection nor a suggestion gives the schema away', async () => {
    const production = await startToyGateway({ NODE_ENV: 'production', HOST: '127.0.0.1' })
    const introspection = await production.query('{ __schema { queryType { name } } }')
    const misspelt = await production.query('{ reviewz { id } }')
    await production[Symbol.asyncDispose]()
    expect(introspection.status).toBe(400)
    expect(introspection.body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    expect(misspelt.body.errors?.[0]?.message).toBe('Cannot query field "reviewz" on type "Query".')
  })
})
