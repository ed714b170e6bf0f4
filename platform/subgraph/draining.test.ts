import { once } from 'node:events'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { newUuid } from '../ids.ts'
import type { RunningServer } from './server.ts'
import { GatewayEnd } from './testing/gateway-end.ts'
import { PushedSource } from './testing/pushed-source.ts'
import { startTestSubgraph } from './testing/test-subgraph.ts'
import { TestTokens } from './testing/test-tokens.ts'

interface Event {
  readonly text?: string
  readonly within?: number
}

const RESUME = { resume: { positions: true, resumed: false } }
const RESTARTS = {
  errors: [
    {
      message: 'This server restarts; subscribe again.',
      extensions: expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE' }),
    },
  ],
}
const GOES_ON_ELSEWHERE = { data: null, extensions: { draining: { reconnectWithinMs: 1_000 } } }

let tokens: TestTokens
let sources: PushedSource<Event>[]
/** What the resolving of a held text, and of a slow query, waits for. */
let hold: PromiseWithResolvers<void>
let isHeld: boolean
let server: RunningServer
let gateway: GatewayEnd
let stopped: Promise<void> | undefined

async function start(shutdownGraceMs?: number): Promise<void> {
  server = await startTestSubgraph({ schema, tokens, ...(shutdownGraceMs !== undefined && { shutdownGraceMs }) })
  gateway = await GatewayEnd.connect(server.url)
}

beforeEach(() => {
  ;[tokens, sources, hold, isHeld, stopped] = [new TestTokens(), [], Promise.withResolvers(), false, undefined]
})

afterEach(async () => {
  hold.resolve()
  gateway.socket.terminate()
  await (stopped ?? server[Symbol.asyncDispose]())
})

function stop(): Promise<void> {
  stopped = Promise.resolve(server[Symbol.asyncDispose]())
  return stopped
}

const wait = async () => {
  isHeld = true
  await hold.promise
}

function opened(source: PushedSource<Event>): PushedSource<Event> {
  sources.push(source)
  return source
}

const schema = buildSubgraphSchema([
  {
    typeDefs: parse(`
      type Query { slow: String }
      type Event { text: String within: Int }
      type Subscription { plain: Event telling: Event lingering: Event hanging: Event opening: Event }
    `),
    resolvers: {
      Query: {
        slow: async () => {
          await wait()
          return 'done'
        },
      },
      Event: {
        text: async ({ text }: Event) => {
          if (text === 'held') await wait()
          return text
        },
      },
      Subscription: {
        plain: { subscribe: () => opened(new PushedSource()), resolve: (event: Event) => event },
        telling: {
          subscribe: () =>
            opened(Object.assign(new PushedSource<Event>(), { drainingEvent: (within: number) => ({ within }) })),
          resolve: (event: Event) => event,
        },
        lingering: {
          subscribe: () =>
            opened(
              Object.assign(new PushedSource<Event>(), {
                drainingEvent: (within: number) => ({ within, text: 'held' }),
              }),
            ),
          resolve: (event: Event) => event,
        },
        hanging: {
          subscribe: () =>
            opened(
              Object.assign(new PushedSource<Event>(), {
                return: () => Promise.withResolvers<IteratorResult<Event, undefined>>().promise,
              }),
            ),
        },
        opening: {
          subscribe: () => {
            isHeld = true
            return Promise.withResolvers<never>().promise
          },
        },
      } as never,
    },
  },
])

/** Opens streams, the ids of which are their places in the list. */
async function follow(...fields: (readonly [field: string, extensions?: Record<string, unknown>])[]): Promise<void> {
  for (const [index, [field, extensions]] of fields.entries()) {
    const query = `subscription { told: ${field} { text within } }`
    gateway.subscribe(String(index), { query, ...(extensions && { extensions }) })
    await expect.poll(() => sources[index]?.pulls, { interval: 1 }).toBe(1)
  }
}

describe('a server that stops', () => {
  it('tells a gateway that each stream goes on elsewhere, completes it, and closes with 1012', async () => {
    await start()
    await follow(['plain', RESUME])
    await stop()
    expect(await gateway.nextText()).toBe(
      '{"id":"0","type":"next","payload":{"data":null,"extensions":{"draining":{"reconnectWithinMs":1000}}}}',
    )
    expect(await gateway.next()).toEqual({ id: '0', type: 'complete' })
    expect(await gateway.closed).toEqual({ code: 1012, reason: '{"reconnectWithinMs":1000}' })
    expect(sources[0]?.hasEnded).toBe(true)
  })

  it('says it with the event that the source has for it, resolved as any other', async () => {
    await start()
    await follow(['telling', RESUME])
    await stop()
    expect((await gateway.next()).payload).toEqual({
      ...GOES_ON_ELSEWHERE,
      data: { told: { text: null, within: 1_000 } },
    })
  })

  it('tells any other client by the event alone, or else by an error', async () => {
    await start()
    await follow(['telling', {}], ['plain'])
    await stop()
    const frames = await gateway.take(4)
    const saidBy = (wanted: string) => frames.filter(({ id }) => id === wanted)
    expect(saidBy('0')).toEqual([
      { id: '0', type: 'next', payload: { data: { told: { text: null, within: 1_000 } } } },
      { id: '0', type: 'complete' },
    ])
    expect(saidBy('1')).toEqual([
      { id: '1', type: 'next', payload: RESTARTS },
      { id: '1', type: 'complete' },
    ])
  })

  it('leaves an event that is still being resolved to where the stream goes on, and does not wait for it', async () => {
    await start(60_000)
    await follow(['telling', RESUME])
    sources[0]?.push({ text: 'held' })
    await expect.poll(() => isHeld).toBe(true)
    await stop()
    expect(await gateway.take(2)).toMatchObject([
      { payload: { data: { told: { within: 1_000 } }, extensions: { draining: {} } } },
      { type: 'complete' },
    ])
  })

  it('tells who is not signed in any more that, and nothing else', async () => {
    await start()
    const viewer = { userId: newUuid(), sessionId: newUuid() }
    await follow(['telling', { ...RESUME, authorization: tokens.bearer({ viewer }) }])
    tokens.revoked.add(viewer.sessionId)
    await stop()
    expect(await gateway.take(2)).toMatchObject([
      { payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } },
      { type: 'complete' },
    ])
  })

  it('waits neither for a source that hangs nor for one that does not open', async () => {
    await start(60_000)
    await follow(['hanging', RESUME])
    gateway.subscribe('1', { query: 'subscription { opening { text } }', extensions: RESUME })
    await expect.poll(() => isHeld).toBe(true)
    await stop()
    const frames = await gateway.take(4)
    expect(frames.filter(({ type }) => type === 'next').map(({ payload }) => payload)).toEqual([
      GOES_ON_ELSEWHERE,
      GOES_ON_ELSEWHERE,
    ])
  })

  it('moves a thousand streams of one socket', async () => {
    await start()
    const query = 'subscription { telling { within } }'
    for (let id = 0; id < 1_000; id += 1) gateway.subscribe(String(id), { query, extensions: RESUME })
    await expect.poll(() => sources.length, { timeout: 5_000 }).toBe(1_000)
    await stop()
    const frames = await gateway.take(2_000)
    expect(frames.filter(({ payload }) => payload?.extensions?.draining)).toHaveLength(1_000)
    expect(new Set(frames.filter(({ type }) => type === 'complete').map(({ id }) => id)).size).toBe(1_000)
    expect((await gateway.closed).code).toBe(1012)
  })
})

describe('while a server stops', () => {
  /** A stream that is in the middle of its last event keeps it from stopping. */
  beforeEach(async () => {
    await start()
    await follow(['lingering', RESUME])
    void stop()
    await expect.poll(() => isHeld).toBe(true)
  })

  it('it is not ready, and answers requests as always', async () => {
    expect((await fetch(`${server.url}/ready`)).status).toBe(503)
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    })
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } })
  })

  it('new sockets are refused with 503', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, GRAPHQL_TRANSPORT_WS_PROTOCOL)
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    expect(response.statusCode).toBe(503)
    socket.terminate()
  })

  it('new operations on open sockets are sent elsewhere', async () => {
    gateway.subscribe('1', { query: 'subscription { plain { text } }', extensions: RESUME })
    gateway.subscribe('2', { query: 'subscription { telling { text } }' })
    gateway.subscribe('3', { query: '{ slow }' })
    const frames = await gateway.take(6)
    const saidBy = (wanted: string) => frames.filter(({ id }) => id === wanted)
    expect(saidBy('1')).toMatchObject([{ payload: GOES_ON_ELSEWHERE }, { type: 'complete' }])
    expect(saidBy('2')).toMatchObject([{ payload: RESTARTS }, { type: 'complete' }])
    expect(saidBy('3')).toMatchObject([{ payload: RESTARTS }, { type: 'complete' }])
    expect(sources).toHaveLength(1)
  })
})

describe('the time that a server has to stop', () => {
  it('lets a request that it has begun with be answered', async () => {
    await start()
    const answer = fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ slow }' }),
    })
    await expect.poll(() => isHeld).toBe(true)
    const stopping = stop()
    hold.resolve()
    expect(await (await answer).json()).toEqual({ data: { slow: 'done' } })
    await stopping
  })

  it('is not exceeded for events, requests and clients that never end', async () => {
    await start(400)
    await follow(['lingering', RESUME])
    const answer = fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ slow }' }),
    }).catch(() => 'cut off')
    await expect.poll(() => isHeld).toBe(true)
    const deaf = await GatewayEnd.connect(server.url)
    deaf.socket.pause()
    const began = performance.now()
    await stop()
    expect(performance.now() - began).toBeLessThan(1_500)
    expect((await gateway.closed).code).toBe(1012)
    expect(await answer).toBe('cut off')
    deaf.socket.terminate()
  })
})
