import { createClient } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import {
  canonicalOperation,
  ServiceSigner,
  SIGNATURE_HEADER,
  type SignedHeaders,
} from '../../platform/service-signature.ts'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

const SERVICE_SECRET = 'a secret that the services of this graph share'
const ADDED = 'subscription { reviewAdded { id body author { name } } }'

let toy: ToyGateway
let client: SocketClient
let log: LogLines

beforeEach(async () => {
  log = new LogLines()
  toy = await startToyGateway({ SERVICE_SECRET }, { logger: log.logger })
  client = await SocketClient.connect(toy.socketUrl)
})

afterEach(async () => {
  await client.close()
  await toy[Symbol.asyncDispose]()
})

async function watcherCountIs(count: number) {
  await vi.waitFor(() => expect(toy.graph.feed.watcherCount).toBe(count), 5_000)
}

async function subscribe(id = '1', query = ADDED) {
  const before = toy.graph.feed.watcherCount
  client.subscribe(id, query)
  await watcherCountIs(before + 1)
}

function publish(id: string, authorId = 'u1') {
  toy.graph.feed.publish({ id, body: `Body of ${id}`, authorId })
}

describe('a subscription', () => {
  it('gives each event with the fields of the other subgraph, in order', async () => {
    await subscribe()
    for (const id of ['a', 'b', 'c']) publish(id, `author of ${id}`)
    for (const id of ['a', 'b', 'c']) {
      expect(await client.next()).toEqual({
        type: 'next',
        id: '1',
        payload: { data: { reviewAdded: { id, body: `Body of ${id}`, author: { name: `Name of author of ${id}` } } } },
      })
    }
  })

  it('plans aliases, fragments, variables with defaults, and conditions', async () => {
    const query = `
      subscription Watch($product: ID!, $withBody: Boolean = false) {
        added: reviewAdded(product: $product) { ...Parts body @include(if: $withBody) }
      }
      fragment Parts on Review { key: id author { called: name } }`
    client.subscribe('1', query, { product: 'p1' })
    await watcherCountIs(1)
    publish('a')
    const { payload } = await client.next()
    expect(payload).toEqual({ data: { added: { key: 'a', author: { called: 'Name of u1' } } } })
    expect(toy.graph.reviews.operations[0]?.variables).toEqual({ product: 'p1' })
  })

  it('sends no variable that the client did not give, whatever its name', async () => {
    client.subscribe('1', 'subscription($__proto__: ID = "p1") { reviewAdded(product: $__proto__) { id } }')
    await watcherCountIs(1)
    expect(JSON.stringify(toy.graph.reviews.operations[0]?.variables ?? {})).toBe('{}')
  })

  it('completes when its subgraph has no more events', async () => {
    await subscribe()
    publish('a')
    expect((await client.next()).type).toBe('next')
    toy.graph.feed.complete()
    expect(await client.next()).toEqual({ type: 'complete', id: '1' })
  })

  it('blanks the fields of a subgraph that is down, event by event', async () => {
    await subscribe()
    await toy.graph.users.stop()
    publish('a')
    const { payload } = await client.next()
    expect(payload?.data).toEqual({ reviewAdded: { id: 'a', body: 'Body of a', author: null } })
    expect(payload?.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }])
    await toy.graph.users.start()
    publish('b')
    expect((await client.next()).payload).toMatchObject({ data: { reviewAdded: { author: { name: 'Name of u1' } } } })
  })

  it('hands on what the subgraph refuses it with', async () => {
    client.subscribe('1', 'subscription { forbidden { id } }')
    expect(await client.next()).toMatchObject({
      type: 'next',
      payload: { errors: [{ message: 'Not for you.', path: ['forbidden'], extensions: { code: 'FORBIDDEN' } }] },
    })
    expect((await client.next()).type).toBe('complete')
  })

  it('masks what broke in the subgraph', async () => {
    client.subscribe('1', 'subscription { brokenOff { id } }')
    const { payload } = await client.next()
    expect(payload?.errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }])
    expect(JSON.stringify(payload)).not.toContain('melted')
    expect((await client.next()).type).toBe('complete')
  })

  it('works with the graphql-ws client', async () => {
    const stock = createClient({ url: toy.socketUrl, webSocketImpl: WebSocket })
    const events = stock.iterate({ query: ADDED })
    const first = events.next()
    await watcherCountIs(1)
    publish('a')
    expect((await first).value).toMatchObject({ data: { reviewAdded: { id: 'a' } } })
    await events.return?.()
    await watcherCountIs(0)
    await stock.dispose()
  })
})

describe('upstream', () => {
  it('one socket carries the subscriptions of every client', async () => {
    const other = await SocketClient.connect(toy.socketUrl)
    await subscribe('1')
    await subscribe('2')
    other.subscribe('1', ADDED)
    await watcherCountIs(3)
    expect(toy.graph.reviews.socketCount).toBe(1)
    await other.close()
  })

  it('each operation proves who it is for, and that the gateway sent it', async () => {
    const authorization = 'Bearer of some.other.issuer'
    const headers = { 'user-agent': 'Test/1.0' }
    const signedIn = await SocketClient.connect(toy.socketUrl, { authorization }, { headers })
    signedIn.subscribe('1', ADDED)
    await watcherCountIs(1)
    const [operation] = toy.graph.reviews.operations
    const extensions = operation?.extensions as SignedHeaders
    expect(extensions).toMatchObject({
      authorization,
      'x-client-user-agent': 'Test/1.0',
      'x-forwarded-for': '127.0.0.1',
    })
    const body = operation ? canonicalOperation(operation) : ''
    const signer = new ServiceSigner(SERVICE_SECRET)
    expect(signer.verify(extensions[SIGNATURE_HEADER], '/graphql', body, extensions)).toBe(true)
    await signedIn.close()
  })

  it('is freed when the client unsubscribes', async () => {
    await subscribe()
    client.send({ type: 'complete', id: '1' })
    await watcherCountIs(0)
  })

  it('is freed when the socket of the client breaks', async () => {
    await subscribe('1')
    await subscribe('2')
    client.socket.terminate()
    await watcherCountIs(0)
  })

  it('is freed while an event is being completed', async () => {
    const asked = Promise.withResolvers<void>()
    toy.graph.users.intercept = (response) => {
      response.once('close', asked.resolve)
      return true
    }
    await subscribe()
    publish('a')
    await vi.waitFor(() => expect(toy.graph.users.requests).toHaveLength(1))
    client.send({ type: 'complete', id: '1' })
    await watcherCountIs(0)
    await asked.promise
    await vi.waitFor(() => expect(log.messages('debug')).toContain('a call to a subgraph was abandoned'))
    expect([...log.messages('warn'), ...log.messages('error')]).toEqual([])
  })

  it('is freed when the id of a subscription is used again before it was opened', async () => {
    for (let round = 0; round < 3; round += 1) {
      client.subscribe('1', ADDED)
      client.send({ type: 'complete', id: '1' })
    }
    client.subscribe('2', ADDED)
    await watcherCountIs(1)
    client.socket.terminate()
    await watcherCountIs(0)
  })

  it('when it is lost each stream ends with an error, and a new one opens it again', async () => {
    await subscribe()
    toy.graph.reviews.cutSockets()
    expect(await client.next()).toMatchObject({
      type: 'next',
      payload: { errors: [{ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }] },
    })
    expect(await client.next()).toEqual({ type: 'complete', id: '1' })
    await watcherCountIs(0)
    await subscribe('2')
    publish('b')
    expect((await client.next()).payload).toMatchObject({ data: { reviewAdded: { id: 'b' } } })
  })

  it('when it cannot be reached the stream ends with an error', async () => {
    await toy.graph.reviews.stop()
    client.subscribe('1', ADDED)
    expect(await client.next()).toMatchObject({
      payload: { errors: [{ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }] },
    })
    expect((await client.next()).type).toBe('complete')
    await toy.graph.reviews.start()
    await subscribe('2')
  })
})
