import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SocketClient } from '../testing/socket-client.ts'
import { post, startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const QUERY = '{ review(id: "r1") { author { name } } }'
const DATA = { review: { author: { name: 'Name of u1' } } }
const ADDED = 'subscription { reviewAdded { author { name } } }'
const COST = { extensions: { cost: true } }

let toy: ToyGateway
let client: SocketClient

beforeAll(async () => {
  toy = await startToyGateway({ LIMIT_COST: '12' })
  client = await SocketClient.connect(toy.socketUrl)
})

afterAll(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

const send = async (body: object) => (await post(toy.url, JSON.stringify(body))).body

async function onSocket(payload: object) {
  client.send({ type: 'subscribe', id: 'one', payload })
  const frame = await client.next()
  if (frame.type === 'next') expect((await client.next()).type).toBe('complete')
  return frame.payload
}

describe('an operation that asks what it costs', () => {
  it('is told over HTTP, by POST and by GET', async () => {
    expect(await send({ query: QUERY, ...COST })).toEqual({ data: DATA, extensions: { cost: 2 } })
    const search = new URLSearchParams({ query: QUERY, extensions: '{"cost":true}' })
    const answer = await fetch(`${toy.url}?${search}`, { headers: { 'apollo-require-preflight': 'true' } })
    expect(await answer.json()).toEqual({ data: DATA, extensions: { cost: 2 } })
  })

  it('is told on a socket and by server-sent events', async () => {
    expect(await onSocket({ query: QUERY, ...COST })).toEqual({ data: DATA, extensions: { cost: 2 } })
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
    const body = JSON.stringify({ query: QUERY, ...COST })
    const events = await (await fetch(toy.url, { method: 'POST', headers, body })).text()
    expect(events).toContain('"extensions":{"cost":2}')
  })

  it('is told with each event of a subscription what one costs', async () => {
    client.send({ type: 'subscribe', id: 'two', payload: { query: ADDED, ...COST } })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(1)
    for (const id of ['r7', 'r8']) {
      toy.graph.feed.publish({ id, body: 'New.', authorId: 'u1' })
      const data = { reviewAdded: { author: { name: 'Name of u1' } } }
      expect((await client.next()).payload).toEqual({ data, extensions: { cost: 2 } })
    }
    client.send({ type: 'complete', id: 'two' })
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(0)
  })

  it('is told beside errors', async () => {
    const { errors, ...rest } = await send({ query: '{ secret review(id: "r1") { id } }', ...COST })
    expect(errors).toHaveLength(1)
    expect(rest).toMatchObject({ extensions: { cost: 1 } })
  })

  it('is told nothing unless it asks with `true`', async () => {
    for (const cost of [false, 1, 'true', null, {}]) {
      expect(await send({ query: QUERY, extensions: { cost } })).toEqual({ data: DATA })
    }
    expect(await onSocket({ query: QUERY })).toEqual({ data: DATA })
  })
})

describe('an operation that costs too much', () => {
  const query = 'mutation { addReview(body: "A") { author { id } } b: addReview(body: "B") { id } }'
  const refusal = {
    message: 'The operation costs 21; the limit is 12. Ask for less, or in smaller pages.',
    extensions: { code: 'OPERATION_TOO_EXPENSIVE', requestId: expect.any(String), cost: 21, limit: 12 },
  }

  it('is told how much, and how much it may, whether it asks or not', async () => {
    expect((await send({ query })).errors).toEqual([refusal])
    expect((await send({ query, ...COST })).errors).toEqual([refusal])
    expect(await onSocket({ query })).toEqual([refusal])
  })
})
