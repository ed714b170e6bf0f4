import { EventEmitter, on } from 'node:events'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { AccessTokenVerifier } from '../access-token.ts'
import { createLogger } from '../logging.ts'
import type { Caller } from './caller.ts'
import { type RunningServer, startSubgraphServer } from './server.ts'

let requests: Caller[]
let opened: Caller[]
let ended: number
let clock: EventEmitter
let server: RunningServer
let isStopped: boolean
let connections: WebSocket[]
let client: Client

const verifier = new AccessTokenVerifier({
  keys: {
    find: async () => {
      throw new Error('Nobody signs in here.')
    },
    ready: async () => {},
  },
  issuer: 'parley',
  audience: 'parley',
})

beforeEach(async () => {
  ;[requests, opened, ended, isStopped, clock] = [[], [], 0, false, new EventEmitter()]
  server = await startSubgraphServer({
    schema,
    createContext: (caller) => ({ caller }),
    callers: { verifier, signer: undefined },
    attendance: {
      requested: (caller) => void requests.push(caller),
      opened: (caller) => {
        opened.push(caller)
        return () => {
          ended += 1
        }
      },
    },
    ready: async () => {},
    address: { host: '127.0.0.1', port: 0, variable: 'PORT' },
    logger: createLogger({ name: 'test', level: 'silent', format: 'json' }),
  })
  connections = []
  client = createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    on: { connected: (socket) => void connections.push(socket as WebSocket) },
  })
})

afterEach(async () => {
  await client.dispose()
  if (!isStopped) await server[Symbol.asyncDispose]()
})

const schema = buildSubgraphSchema([
  {
    typeDefs: parse('type Query { hello: String } type Subscription { tick: String refused: String }'),
    resolvers: {
      Query: { hello: () => 'Hello' },
      Subscription: {
        tick: { subscribe: () => on(clock, 'tick', { close: ['end'] }), resolve: () => 'tick' },
        refused: {
          subscribe: () => {
            throw new Error('No.')
          },
        },
      } as never,
    },
  },
])

/** Opens a stream of ticks that has delivered one already. */
async function follow(query = 'subscription { tick }') {
  const events = client.iterate({ query, extensions: { 'x-request-id': 'from-a-test' } })
  const first = events.next()
  await expect.poll(() => clock.listenerCount('tick')).toBe(1)
  clock.emit('tick')
  await first
  return events
}

describe('who uses a subgraph', () => {
  it('is told of each request', async () => {
    await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'from-a-test' },
      body: JSON.stringify({ query: '{ hello }' }),
    })
    expect(requests).toMatchObject([{ requestId: 'from-a-test', viewer: null }])
    expect(opened).toEqual([])
  })

  it('is told of a stream once, however many events it has, and that it ended when its client leaves', async () => {
    const events = await follow()
    for (let count = 0; count < 3; count += 1) {
      const next = events.next()
      clock.emit('tick')
      await next
    }
    expect(opened).toMatchObject([{ requestId: 'from-a-test' }])
    expect([ended, requests]).toEqual([0, []])

    await events.return?.()
    await expect.poll(() => ended).toBe(1)
  })

  it('is told that a stream ended when its source ends, or fails', async () => {
    const whole = await follow()
    clock.emit('end')
    expect(await whole.next()).toMatchObject({ done: true })
    expect(ended).toBe(1)

    const failing = await follow()
    clock.emit('error', new Error('Broken.'))
    await failing.next().catch(() => undefined)
    await expect.poll(() => ended).toBe(2)
    await client.dispose()
    expect([opened.length, ended]).toEqual([2, 2])
  })

  it('is told that a stream ended when its socket breaks', async () => {
    const events = await follow()
    const over = events.next().catch(() => undefined)
    for (const connection of connections) connection.terminate()
    await over
    await expect.poll(() => ended).toBe(1)
  })

  it('is told that streams ended when the server stops', async () => {
    const events = await follow()
    const over = events.next().catch(() => undefined)
    isStopped = true
    await server[Symbol.asyncDispose]()
    await over
    expect(ended).toBe(1)
  })

  it('is told nothing of a stream that was refused', async () => {
    const refused = client.iterate({ query: 'subscription { refused }' })
    await refused.next().catch(() => undefined)
    expect(opened).toEqual([])
  })
})
