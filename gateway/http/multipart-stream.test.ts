import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { gaugeOf } from '../testing/gauges.ts'
import { MultipartClient } from '../testing/multipart-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const ADDED = 'subscription { reviewAdded { id author { name } } }'
const PART = '\r\ncontent-type: application/json\r\n\r\n'

let toy: ToyGateway
const clients: MultipartClient[] = []

beforeAll(async () => {
  toy = await startToyGateway({}, { patience: { pingIntervalMs: 200 } })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.leave()
  await expect.poll(() => gaugeOf(toy.url, 'parley_gateway_http_streams')).toBe(0)
})

afterAll(() => toy[Symbol.asyncDispose]())

const watchers = (count: number) => expect.poll(() => toy.graph.feed.watcherCount).toBe(count)

async function subscribe(query: string, headers: Record<string, string> = {}): Promise<MultipartClient> {
  const client = await MultipartClient.subscribe(toy.url, { query }, headers)
  clients.push(client)
  return client
}

describe('a multipart stream', () => {
  it('carries the events of a subscription, and heartbeats, to its final boundary', async () => {
    const client = await subscribe(ADDED, { 'x-request-id': 'mine' })
    expect(Object.fromEntries(client.response.headers)).toMatchObject({
      'content-type': 'multipart/mixed;boundary="-";subscriptionSpec=1.0',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': 'mine',
    })
    for (let beats = 0; beats < 3; beats += 1) expect(await client.nextOfAny()).toEqual({})
    await watchers(1)
    for (const id of ['a', 'b']) toy.graph.feed.publish({ id, body: '\r\n-----\r\n', authorId: 'u1' })
    for (const id of ['a', 'b']) {
      expect(await client.next()).toEqual({
        payload: { data: { reviewAdded: { id, author: { name: 'Name of u1' } } } },
      })
    }
    toy.graph.feed.complete()
    expect(await client.next()).toBeUndefined()
  })

  it('is written in the bytes that are documented', async () => {
    const accept = 'multipart/mixed;subscriptionSpec="1.0", application/json'
    const answer = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, 'x-request-id': 'mine' },
      body: JSON.stringify({ query: 'subscription { forbidden { id } }' }),
    })
    const result =
      '{"data":null,"errors":[{"message":"Not for you.","path":["forbidden"],"extensions":{"code":"FORBIDDEN","requestId":"mine"}}]}'
    expect(await answer.text()).toBe(`\r\n---${PART}{}\r\n---${PART}{"payload":${result}}\r\n-----\r\n`)
  })

  it('is not begun for an operation that does not start: the answer is JSON, as to a query', async () => {
    const wrong = ['subscription { nothing }', 'subscription($p: ID!) { reviewAdded(product: $p) { id } }']
    for (const query of wrong) {
      const answer = await fetch(toy.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'multipart/mixed;subscriptionSpec=1.0' },
        body: JSON.stringify({ query }),
      })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/json; charset=utf-8'])
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    }
  })

  it('frees everything upstream when the client leaves', async () => {
    const client = await subscribe(ADDED)
    await watchers(1)
    client.leave()
    await watchers(0)
    await expect.poll(() => gaugeOf(toy.url, 'parley_gateway_subscriptions')).toBe(0)
  })
})
