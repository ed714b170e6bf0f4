import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SocketClient } from '../testing/socket-client.ts'
import { post, startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const ANSWER = { data: { review: { id: 'r1' } } }
const NOT_FOUND = {
  message: 'PersistedQueryNotFound',
  extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', requestId: expect.any(String) },
}

let toy: ToyGateway
let client: SocketClient
let unique = 0

beforeAll(async () => {
  toy = await startToyGateway()
  client = await SocketClient.connect(toy.socketUrl)
})

beforeEach(() => {
  unique += 1
})

afterAll(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

/** A document that no other test sends. */
const document = (selection = 'review(id: "r1") { id }', kind = '') => `${kind} { ${selection} } # ${unique}`

const idOf = (query: string) => createHash('sha256').update(query).digest('hex')

const named = (query: string, sha256Hash = idOf(query)) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash } },
})

const send = (body: object) => post(toy.url, JSON.stringify(body))

function get(parameters: { query?: string; variables?: object; extensions: object }) {
  const search = Object.entries(parameters).map(([name, it]) => [
    name,
    typeof it === 'string' ? it : JSON.stringify(it),
  ])
  return fetch(`${toy.url}?${new URLSearchParams(search)}`, { headers: { 'apollo-require-preflight': 'true' } })
}

async function onSocket(payload: object) {
  client.send({ type: 'subscribe', id: 'one', payload })
  const frame = await client.next()
  if (frame.type === 'next') expect((await client.next()).type).toBe('complete')
  return frame
}

async function asEvents(body: object) {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  return (await fetch(toy.url, { method: 'POST', headers, body: JSON.stringify(body) })).text()
}

describe('a document that is named by its hash', () => {
  it('is not found before anybody has sent it, with status 200, as Apollo Client expects', async () => {
    const { status, body } = await send(named(document()))
    expect(status).toBe(200)
    expect(body.errors).toEqual([NOT_FOUND])
    expect(await onSocket(named(document()))).toMatchObject({ type: 'error', payload: [NOT_FOUND] })
    expect(await asEvents(named(document()))).toContain('PersistedQueryNotFound')
  })

  it('runs on every transport once it was sent along with its hash on one of them', async () => {
    const query = document()
    expect((await send({ query, ...named(query) })).body).toEqual(ANSWER)
    expect((await send(named(query))).body).toEqual(ANSWER)
    expect(await (await get(named(query))).json()).toEqual(ANSWER)
    expect(await onSocket(named(query))).toMatchObject({ type: 'next', payload: ANSWER })
    expect(await asEvents(named(query))).toContain(JSON.stringify(ANSWER))
  })

  it.each([
    ['by GET', async (body: { query: string; extensions: object }) => (await get(body)).json()],
    ['on a socket', async (body: object) => (await onSocket(body)).payload],
    ['by server-sent events', async (body: object) => JSON.parse(/data: (\{.*)/.exec(await asEvents(body))?.[1] ?? '')],
  ])('may be sent along %s as well', async (_way, sendAlong) => {
    const query = document()
    expect(await sendAlong({ query, ...named(query) })).toEqual(ANSWER)
    expect((await send(named(query))).body).toEqual(ANSWER)
  })

  it('gets its variables and the name of its operation', async () => {
    const query = `query A { __typename } query B($id: ID!) { review(id: $id) { id } } # ${unique}`
    const rest = { operationName: 'B', variables: { id: 'r2' } }
    const answer = { data: { review: { id: 'r2' } } }
    await send({ query, ...named(query), ...rest })
    expect((await send({ ...named(query), ...rest })).body).toEqual(answer)
    expect(await (await get({ ...named(query), ...rest })).json()).toEqual(answer)
    expect((await onSocket({ ...named(query), ...rest })).payload).toEqual(answer)
  })

  it('may be a subscription', async () => {
    const query = document('reviewAdded { id }', 'subscription')
    client.send({ type: 'subscribe', id: 'one', payload: { query, ...named(query) } })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(1)
    client.send({ type: 'complete', id: 'one' })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(0)
    client.send({ type: 'subscribe', id: 'two', payload: named(query) })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(1)
    toy.graph.feed.publish({ id: 'r9', body: 'New.', authorId: 'u1' })
    expect(await client.next()).toMatchObject({ id: 'two', payload: { data: { reviewAdded: { id: 'r9' } } } })
    client.send({ type: 'complete', id: 'two' })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(0)
  })

  it('does not run by GET when it is a mutation', async () => {
    const query = document('addReview(body: "New.") { id }', 'mutation')
    await send({ query, ...named(query) })
    expect((await get(named(query))).status).toBe(405)
  })

  it('was not kept when it was refused', async () => {
    const query = document('nothing')
    expect((await send({ query, ...named(query) })).status).toBe(400)
    expect((await send(named(query))).body.errors).toEqual([NOT_FOUND])
  })

  it('must have that hash', async () => {
    const query = document()
    const wrong = { query, ...named(query, idOf('something else')) }
    const refusal = { message: expect.stringContaining('is not the SHA-256'), extensions: { code: 'BAD_USER_INPUT' } }
    const { status, body } = await send(wrong)
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([refusal])
    expect(await onSocket(wrong)).toMatchObject({ type: 'error', payload: [refusal] })
    expect((await send(named(query))).body.errors).toEqual([NOT_FOUND])
  })

  it.each([
    ['another version', { version: 2, sha256Hash: 'a' }, /version` must be 1/],
    ['no hash', { version: 1 }, /must be the SHA-256/],
    ['a hash that is no text', { version: 1, sha256Hash: { a: 1 } }, /must be the SHA-256/],
    ['nothing at all', 'yes', /version` must be 1/],
  ])('is BAD_USER_INPUT with %s', async (_what, persistedQuery, message) => {
    const { status, body } = await send({ extensions: { persistedQuery } })
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code: 'BAD_USER_INPUT' } },
    ])
  })
})
