import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEFER_2022, INCREMENTAL_0_2, MultipartClient } from '../testing/multipart-client.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

let toy: ToyGateway

beforeAll(async () => {
  toy = await startToyGateway({ NODE_ENV: 'development' })
})

afterEach(() => {
  toy.graph.users.intercept = () => false
  toy.graph.reviewList = undefined
})

afterAll(() => toy[Symbol.asyncDispose]())

const defer = (query: string, variables: object = {}) => MultipartClient.open(DEFER_2022, toy.url, { query, variables })
const announce = (query: string, variables: object = {}) =>
  MultipartClient.open(INCREMENTAL_0_2, toy.url, { query, variables })

async function allOf(client: MultipartClient): Promise<unknown[]> {
  const parts: unknown[] = []
  for (let part = await client.next(); part; part = await client.next()) parts.push(part)
  return parts
}

describe('an answer in pieces (deferSpec=20220824)', () => {
  it('begins before what is deferred is there, and has its label and path', async () => {
    const gate = Promise.withResolvers<false>()
    toy.graph.users.intercept = () => gate.promise
    const client = await defer('{ review(id: "r1") { body author { id ... @defer(label: "who") { name } } } }')
    expect(await client.next()).toEqual({
      data: { review: { body: 'Fine.', author: { id: 'u1' } } },
      hasNext: true,
    })
    gate.resolve(false)
    expect(await client.next()).toEqual({
      incremental: [{ data: { name: 'Name of u1' }, path: ['review', 'author'], label: 'who' }],
      hasNext: false,
    })
    expect(await client.next()).toBeUndefined()
  })

  it('has a part for each element of a list, by its index', async () => {
    const parts = await allOf(await defer('{ reviews { id ... @defer { author { name } } } }'))
    expect(parts).toEqual([
      { data: { reviews: [{ id: 'r1' }, { id: 'r2' }] }, hasNext: true },
      {
        incremental: [
          { data: { author: { name: 'Name of u1' } }, path: ['reviews', 0] },
          { data: { author: { name: 'Name of u2' } }, path: ['reviews', 1] },
        ],
        hasNext: false,
      },
    ])
  })

  it('tells a part that is in another one after it, from fragments that are spread twice', async () => {
    const query = `
      { a: review(id: "r1") { id ...Outer @defer(label: "outer") } b: review(id: "r2") { ...Outer } }
      fragment Outer on Review { body author { ...Inner @defer } }
      fragment Inner on User { handle }`
    const parts = await allOf(await defer(query))
    expect(parts[0]).toEqual({ data: { a: { id: 'r1' }, b: { body: 'Not so fine.', author: {} } }, hasNext: true })
    const told = parts.slice(1).flatMap((part) => (part as { incremental: unknown[] }).incremental)
    const outer = { data: { body: 'Fine.', author: {} }, path: ['a'], label: 'outer' }
    const innerOfA = { data: { handle: '@u1' }, path: ['a', 'author'] }
    const innerOfB = { data: { handle: '@u2' }, path: ['b', 'author'] }
    expect(told).toHaveLength(3)
    expect(told).toEqual(expect.arrayContaining([outer, innerOfA, innerOfB]))
    expect(told.findIndex((it) => (it as { label?: string }).label === 'outer')).toBeLessThan(
      told.findIndex((it) => (it as { path: unknown[] }).path[0] === 'a' && !(it as { label?: string }).label),
    )
  })

  it('keeps an error within its part', async () => {
    const parts = await allOf(await defer('{ review(id: "r1") { id author { id ... @defer { email handle } } } }'))
    expect(parts).toEqual([
      { data: { review: { id: 'r1', author: { id: 'u1' } } }, hasNext: true },
      {
        incremental: [
          {
            errors: [
              {
                message: 'Emails are private.',
                path: ['review', 'author', 'email'],
                extensions: { code: 'FORBIDDEN', requestId: expect.any(String) },
              },
            ],
            data: { email: null, handle: '@u1' },
            path: ['review', 'author'],
          },
        ],
        hasNext: false,
      },
    ])
  })

  it('makes a part null, and nothing else, for what must not be null', async () => {
    toy.graph.reviewList = [{ id: 'r9', body: 'Who?', authorId: 'nobody' }]
    const parts = await allOf(await defer('{ reviews { body author { id ... @defer { name } } } }'))
    expect(parts).toEqual([
      { data: { reviews: [{ body: 'Who?', author: { id: 'nobody' } }] }, hasNext: true },
      {
        incremental: [
          {
            data: null,
            path: ['reviews', 0, 'author'],
            extensions: { valueCompletion: [expect.objectContaining({ path: ['reviews', 0, 'author', 'name'] })] },
          },
        ],
        hasNext: false,
      },
    ])
  })

  it('drops parts of what is null or an empty list', async () => {
    const one = await allOf(await defer('{ review(id: "none") { id ... @defer { author { name } } } }'))
    expect(one).toEqual([{ data: { review: null }, hasNext: false }])
    toy.graph.reviewList = []
    const list = await allOf(await defer('{ reviews { id ... @defer { author { name } } } }'))
    expect(list).toEqual([{ data: { reviews: [] }, hasNext: false }])
  })

  it('tells an outage within the part', async () => {
    toy.graph.users.intercept = (response) => {
      response.writeHead(503).end()
      return true
    }
    const [first, second] = await allOf(await defer('{ reviews { id ... @defer { author { handle } } } }'))
    expect(first).toEqual({ data: { reviews: [{ id: 'r1' }, { id: 'r2' }] }, hasNext: true })
    const { incremental } = second as { incremental: { data: unknown; errors?: { extensions: unknown }[] }[] }
    expect(incremental.map(({ data }) => data)).toEqual([{ author: { handle: null } }, { author: { handle: null } }])
    expect(incremental.flatMap(({ errors = [] }) => errors)).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE' }) }),
    ])
  })

  it('has deferred fields of a mutation, which runs once', async () => {
    const before = toy.graph.reviews.requests.length
    const parts = await allOf(
      await defer('mutation { addReview(body: "Hm.") { id ... @defer { body author { handle } } } }'),
    )
    expect(parts).toEqual([
      { data: { addReview: { id: 'r3' } }, hasNext: true },
      { incremental: [{ data: { body: 'Hm.', author: { handle: '@u1' } }, path: ['addReview'] }], hasNext: false },
    ])
    expect(toy.graph.reviews.requests.slice(before).filter(({ body }) => body.includes('mutation'))).toHaveLength(1)
  })

  it('tells what the operation costs with its first piece', async () => {
    const query = '{ review(id: "r1") { id ... @defer { author { handle } } } }'
    const client = await MultipartClient.open(DEFER_2022, toy.url, { query, extensions: { cost: true } })
    expect(await client.next()).toMatchObject({ extensions: { cost: 3 } })
  })
})

describe('an answer in pieces (incrementalSpec=v0.2)', () => {
  it('announces parts, tells them by their ids and completes them', async () => {
    const query = '{ reviews { id ... @defer(label: "more") { body author { ... @defer { handle } } } } }'
    const parts = await allOf(await announce(query))
    expect(parts[0]).toEqual({
      data: { reviews: [{ id: 'r1' }, { id: 'r2' }] },
      pending: [
        { id: '0', path: ['reviews', 0], label: 'more' },
        { id: '1', path: ['reviews', 1], label: 'more' },
      ],
      hasNext: true,
    })
    expect(parts[1]).toEqual({
      pending: [
        { id: '2', path: ['reviews', 0, 'author'] },
        { id: '3', path: ['reviews', 1, 'author'] },
      ],
      incremental: [
        { id: '0', data: { body: 'Fine.', author: {} } },
        { id: '1', data: { body: 'Not so fine.', author: {} } },
      ],
      completed: [{ id: '0' }, { id: '1' }],
      hasNext: true,
    })
    expect(parts.slice(2)).toEqual([
      {
        incremental: [
          { id: '2', data: { handle: '@u1' } },
          { id: '3', data: { handle: '@u2' } },
        ],
        completed: [{ id: '2' }, { id: '3' }],
        hasNext: false,
      },
    ])
  })

  it('completes a part that is null with what it is null for', async () => {
    toy.graph.reviewList = [{ id: 'r9', body: 'Who?', authorId: 'nobody' }]
    const [, second] = await allOf(await announce('{ reviews { author { id ... @defer { name } } } }'))
    expect(second).toEqual({
      completed: [{ id: '0', errors: [expect.objectContaining({ path: ['reviews', 0, 'author', 'name'] })] }],
      hasNext: false,
    })
  })
})

describe('an answer in one piece', () => {
  const QUERY = 'query($late: Boolean) { review(id: "r1") { id ... @defer(if: $late) { author { handle } } } }'
  const WHOLE = { data: { review: { id: 'r1', author: { handle: '@u1' } } } }

  it('is for clients that do not accept pieces', async () => {
    for (const accept of ['application/json', '*/*', 'multipart/mixed, application/json']) {
      const { body, headers } = await toy.query(QUERY, { headers: { accept } })
      expect(headers.get('content-type')).toContain('application/json')
      expect(body).toEqual(WHOLE)
    }
  })

  it('is for operations that defer nothing', async () => {
    const { accept } = DEFER_2022
    const never = await toy.query(QUERY.replace('if: $late', 'if: false').replace('($late: Boolean)', ''), {
      headers: { accept },
    })
    expect([never.headers.get('content-type'), never.body]).toEqual(['application/json; charset=utf-8', WHOLE])
    const off = await toy.query(QUERY, { variables: { late: false }, headers: { accept } })
    expect(off.body).toEqual(WHOLE)
    for (const variables of [{}, { late: true }]) expect(await allOf(await defer(QUERY, variables))).toHaveLength(2)
  })

  it('is for sockets and streams of events', async () => {
    const socket = await SocketClient.connect(toy.socketUrl)
    socket.subscribe('1', QUERY)
    expect(await socket.next()).toEqual({ type: 'next', id: '1', payload: WHOLE })
    expect(await socket.next()).toEqual({ type: 'complete', id: '1' })
    await socket.close()
    const response = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: QUERY }),
    })
    expect(await response.text()).toContain(`data: ${JSON.stringify(WHOLE)}`)
  })

  it('says what is wrong with the variables', async () => {
    const query = 'query($id: ID!) { review(id: $id) { id ... @defer { body } } }'
    const { status, body } = await toy.query(query, { headers: { accept: DEFER_2022.accept } })
    expect([status, body.errors?.[0]?.extensions?.code]).toEqual([400, 'BAD_USER_INPUT'])
  })
})
