import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { post, startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const QUERY = '{ user(id: "u1") { name } }'
const ANSWER = { data: { user: { name: 'Name of u1' } } }

let toy: ToyGateway
let released: PromiseWithResolvers<void>

/** The subgraph of users waits, so that queries are under way until `release`. */
async function start(environment: NodeJS.ProcessEnv = { DEDUPLICATE_QUERIES: 'true' }) {
  toy = await startToyGateway(environment)
  toy.graph.users.intercept = async () => {
    await released.promise
    return false
  }
}

beforeEach(() => {
  released = Promise.withResolvers()
})

afterEach(async () => {
  released.resolve()
  await toy[Symbol.asyncDispose]()
})

const send = (headers: Record<string, string> = {}, body: object = { query: QUERY }) =>
  post(toy.url, JSON.stringify(body), headers)

const calls = () => toy.graph.users.requests.length

/** Waits until a call to the subgraph is under way, and whoever was sent besides has reached the gateway. */
async function underWay(count = 1) {
  await expect.poll(calls).toBe(count)
  for (let round = 0; round < 3; round += 1) await fetch(`${toy.gateway.url}/health`)
}

describe('identical queries at the same moment', () => {
  it('run once, and each gets the same bytes under its own request id', async () => {
    await start()
    const first = send({ 'x-request-id': 'first' })
    await underWay()
    const others = Array.from({ length: 5 }, (_, index) => send({ 'x-request-id': `other-${index}` }))
    await underWay()
    released.resolve()
    const answers = await Promise.all([first, ...others])
    expect(calls()).toBe(1)
    expect(answers.map(({ body }) => body)).toEqual(Array(6).fill(ANSWER))
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    expect(answers.map(({ headers }) => headers.get('content-type'))).toEqual(
      Array(6).fill('application/json; charset=utf-8'),
    )
    expect(answers.map(({ headers }) => headers.get('x-request-id'))).toEqual([
      'first',
      ...others.map((_, index) => `other-${index}`),
    ])
  })

  it('run once by GET too', async () => {
    await start()
    const get = async () => {
      const url = `${toy.url}?${new URLSearchParams({ query: QUERY })}`
      return (await fetch(url, { headers: { 'apollo-require-preflight': 'true' } })).json()
    }
    const answers = [get()]
    await underWay()
    answers.push(get())
    await underWay()
    released.resolve()
    expect(await Promise.all(answers)).toEqual([ANSWER, ANSWER])
    expect(calls()).toBe(1)
  })

  it('run again once they are answered', async () => {
    await start()
    released.resolve()
    await send()
    await send()
    expect(calls()).toBe(2)
  })

  it.each<[what: string, headers: Record<string, string>, body: object]>([
    ['another token', { authorization: 'Bearer other' }, { query: QUERY }],
    ['other variables', {}, { query: QUERY, variables: { a: 1 } }],
    ['another name of an operation', {}, { query: `query A ${QUERY}`, operationName: 'A' }],
    ['other extensions', {}, { query: QUERY, extensions: { cost: true } }],
    ['another document', {}, { query: `${QUERY} ` }],
    ['another media type', { accept: 'application/graphql-response+json' }, { query: QUERY }],
  ])('are not those with %s', async (_what, headers, body) => {
    await start()
    const one = send()
    await underWay()
    const other = send(headers, body)
    await underWay(2)
    released.resolve()
    expect((await one).body).toEqual(ANSWER)
    expect((await other).body).toMatchObject(ANSWER)
  })

  it('are not those of another address, which subgraphs are told', async () => {
    await start({ DEDUPLICATE_QUERIES: 'true', TRUSTED_PROXIES: '127.0.0.1' })
    const one = send({ 'x-forwarded-for': '192.0.2.1' })
    await underWay()
    const other = send({ 'x-forwarded-for': '192.0.2.2' })
    await underWay(2)
    released.resolve()
    expect([(await one).body, (await other).body]).toEqual([ANSWER, ANSWER])
  })

  it('run each for itself when the first is answered with errors', async () => {
    await start()
    const query = '{ user(id: "u1") { name email } }'
    const first = send({ 'x-request-id': 'first' }, { query })
    await underWay()
    const second = send({ 'x-request-id': 'second' }, { query })
    await underWay()
    released.resolve()
    expect((await first).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', requestId: 'first' } }])
    expect((await second).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', requestId: 'second' } }])
    expect(calls()).toBe(2)
  })

  it('are looked at for forgery one by one', async () => {
    await start()
    const search = `?${new URLSearchParams({ query: QUERY })}`
    const safe = fetch(`${toy.url}${search}`, { headers: { 'apollo-require-preflight': 'true' } })
    await underWay()
    const forged = await fetch(`${toy.url}${search}`)
    expect(forged.status).toBe(400)
    released.resolve()
    expect((await safe).status).toBe(200)
  })
})

describe('a mutation', () => {
  it('runs as often as it is sent', async () => {
    await start()
    const body = { query: 'mutation { addReview(body: "New.") { author { name } } }' }
    const sent = [send({}, body), send({}, body)]
    await expect.poll(() => toy.graph.reviews.requests.length).toBe(2)
    released.resolve()
    await Promise.all(sent)
    expect(toy.graph.reviews.requests).toHaveLength(2)
  })
})

describe('a client that leaves', () => {
  /** Sends the query; `leave` breaks the connection. */
  function sendAndLeave() {
    const request = httpRequest(toy.url, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json' },
    })
    const answer = new Promise<string>((resolve, reject) => {
      request.once('response', (response) => resolve(text(response)))
      request.once('error', reject)
    })
    request.end(JSON.stringify({ query: QUERY }))
    return { answer, leave: () => request.destroy(new Error('left')) }
  }

  it('does not take the query along that others wait for', async () => {
    await start()
    const first = sendAndLeave()
    const left = expect(first.answer).rejects.toThrow('left')
    await underWay()
    const second = sendAndLeave()
    await underWay()
    first.leave()
    await left
    await underWay()
    released.resolve()
    expect(JSON.parse(await second.answer)).toEqual(ANSWER)
    expect(calls()).toBe(1)
  })

  it('takes it along as the last who waits, and the next begins anew', async () => {
    await start()
    const dropped = Promise.withResolvers<void>()
    toy.graph.users.intercept = (response) => {
      response.once('close', dropped.resolve)
      return true
    }
    const clients = [sendAndLeave()]
    await underWay()
    clients.push(sendAndLeave())
    await underWay()
    for (const { answer, leave } of clients) {
      leave()
      await expect(answer).rejects.toThrow('left')
    }
    await dropped.promise
    toy.graph.users.intercept = () => false
    expect((await send()).body).toEqual(ANSWER)
    expect(calls()).toBe(2)
  })
})

describe('without DEDUPLICATE_QUERIES', () => {
  it('each query runs by itself', async () => {
    await start({})
    const answers = [send(), send()]
    await expect.poll(calls).toBe(2)
    released.resolve()
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual([ANSWER, ANSWER])
  })
})
