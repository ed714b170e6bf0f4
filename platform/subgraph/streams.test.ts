import { buildSubgraphSchema } from '@apollo/subgraph'
import { parse } from 'graphql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { newUuid } from '../ids.ts'
import type { Caller } from './caller.ts'
import type { RunningServer } from './server.ts'
import { GatewayEnd } from './testing/gateway-end.ts'
import { PushedSource } from './testing/pushed-source.ts'
import { startTestSubgraph } from './testing/test-subgraph.ts'
import { TestTokens } from './testing/test-tokens.ts'

const TOLD = { query: 'subscription { told }' }

let tokens: TestTokens
let sources: PushedSource<string>[]
let flooded: number
let server: RunningServer
let gateway: GatewayEnd

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  ;[tokens, sources, flooded] = [new TestTokens(), [], 0]
  server = await startTestSubgraph({ schema, tokens })
  gateway = await GatewayEnd.connect(server.url)
})

afterEach(async () => {
  gateway.socket.terminate()
  await server[Symbol.asyncDispose]()
  vi.useRealTimers()
})

const resumed = (_: unknown, __: unknown, { caller }: { caller: Caller }) => caller.resumed

const schema = buildSubgraphSchema([
  {
    typeDefs: parse(`
      type Query { resumed: Boolean }
      type Subscription { told(opensAt: Int): String resumed: Boolean flood: String refused(times: Int!): String }
    `),
    resolvers: {
      Query: { resumed },
      Subscription: {
        told: {
          subscribe: (_: unknown, { opensAt }: { opensAt?: number }) => {
            const source = Object.assign(new PushedSource<string>(), opensAt !== undefined && { opensAt })
            sources.push(source)
            return source
          },
          resolve: (event: string) => event,
        },
        resumed: {
          subscribe: async function* () {
            yield true
          },
          resolve: resumed,
        },
        flood: {
          subscribe: async function* () {
            for (; ; flooded += 1) yield 'x'.repeat(1_000_000)
          },
          resolve: (event: string) => event,
        },
        refused: {
          subscribe: () => {
            throw new Error('No.')
          },
        },
      } as never,
    },
  },
])

async function openStreams(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return Number(/^parley_subgraph_streams (\d+)$/m.exec(text)?.[1])
}

describe('a stream', () => {
  it('writes its frames as a gateway cuts them apart', async () => {
    gateway.subscribe('a "quoted" id', TOLD)
    await expect.poll(() => sources.length).toBe(1)
    sources[0]?.push('Hello')
    sources[0]?.end()
    expect(await gateway.nextText()).toBe(
      '{"id":"a \\"quoted\\" id","type":"next","payload":{"data":{"told":"Hello"}}}',
    )
    expect(await gateway.nextText()).toBe('{"id":"a \\"quoted\\" id","type":"complete"}')
  })

  it('gives its id back when it completes', async () => {
    for (const text of ['one', 'two', 'three']) {
      gateway.subscribe('0', TOLD)
      await expect.poll(() => sources.length, { interval: 1 }).toBe(1)
      sources[0]?.push(text)
      sources.pop()?.end()
      expect(await gateway.take(2)).toMatchObject([{ payload: { data: { told: text } } }, { type: 'complete' }])
    }
  })

  it('says where it begins to whom takes it up again, when its source knows, and to nobody else', async () => {
    const query = 'subscription { told(opensAt: 7) }'
    gateway.subscribe('0', { query, extensions: { resume: { positions: true, resumed: true } } })
    expect(await gateway.next()).toEqual({
      id: '0',
      type: 'next',
      payload: { data: null, extensions: { opensAt: 7 } },
    })
    gateway.subscribe('1', { query })
    await expect.poll(() => sources.length).toBe(2)
    for (const source of sources) source.push('Hello')
    expect(await gateway.take(2)).toMatchObject([
      { id: '0', payload: { data: { told: 'Hello' } } },
      { id: '1', payload: { data: { told: 'Hello' } } },
    ])
  })

  it('that does not open says why, without what is nobody’s business, and ends', async () => {
    gateway.subscribe('0', { query: 'subscription { refused(times: 1) }', extensions: { 'x-request-id': 'a-test' } })
    expect(await gateway.take(2)).toMatchObject([
      { payload: { errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'a-test' } }] } },
      { id: '0', type: 'complete' },
    ])
    gateway.subscribe('1', { query: 'subscription ($times: Int!) { refused(times: $times) }' })
    expect(await gateway.take(2)).toMatchObject([
      { payload: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] } },
      { id: '1', type: 'complete' },
    ])
  })

  it('reads no more than a client takes', async () => {
    gateway.subscribe('0', { query: 'subscription { flood }' })
    await gateway.next()
    gateway.socket.pause()
    // So many round trips later, what the connection itself holds is all that was read.
    const other = await GatewayEnd.connect(server.url)
    other.subscribe('0', TOLD)
    await expect.poll(() => sources.length).toBe(1)
    for (let count = 0; count < 200; count += 1) {
      sources[0]?.push('Hello')
      await other.next()
    }
    expect(flooded).toBeLessThan(50)
    other.socket.terminate()
  })
})

describe('whether a stream is taken up again', () => {
  it.each([
    ['it says so', { resume: { positions: true, resumed: true } }, true],
    ['it is the first time', { resume: { positions: true, resumed: false } }, false],
    ['it says something else', { resume: 'resumed' }, false],
    ['it says nothing', undefined, false],
  ])('is known to its resolvers: %s', async (_name, extensions, expected) => {
    gateway.subscribe('0', { query: 'subscription { resumed }', ...(extensions && { extensions }) })
    expect((await gateway.next()).payload).toEqual({ data: { resumed: expected } })
  })

  it('is no question over HTTP, or for a query on a socket', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ resumed }', extensions: { resume: { resumed: true } } }),
    })
    expect(await response.json()).toEqual({ data: { resumed: false } })
    gateway.subscribe('0', { query: '{ resumed }' })
    expect((await gateway.next()).payload).toEqual({ data: { resumed: false } })
  })
})

describe('a silent stream', () => {
  const ada = { userId: newUuid(), sessionId: newUuid() }
  const grace = { userId: newUuid(), sessionId: newUuid() }

  beforeEach(async () => {
    for (const [id, viewer] of [ada, grace].entries()) {
      gateway.subscribe(String(id), { ...TOLD, extensions: { authorization: tokens.bearer({ viewer }) } })
    }
    gateway.subscribe('2', TOLD)
    await expect.poll(() => sources.map(({ pulls }) => pulls)).toEqual([1, 1, 1])
  })

  it('ends within a few seconds when its viewer is signed out, and no other does', async () => {
    tokens.revoked.add(ada.sessionId)
    vi.advanceTimersByTime(4_000)
    expect(await gateway.take(2)).toMatchObject([
      { id: '0', payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } },
      { id: '0', type: 'complete' },
    ])
    expect(sources.filter(({ hasEnded }) => hasEnded)).toHaveLength(1)
    expect(await openStreams()).toBe(2)
  })

  it('ends within a few seconds when its token does, unless a fresh one came', async () => {
    gateway.send({ type: 'ping', payload: { authorization: tokens.bearer({ viewer: grace, seconds: 1_200 }) } })
    expect((await gateway.next()).type).toBe('pong')
    tokens.time += 600_000
    vi.advanceTimersByTime(4_000)
    expect(await gateway.take(2)).toMatchObject([
      { id: '0', payload: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } },
      { id: '0', type: 'complete' },
    ])
    expect(sources.filter(({ hasEnded }) => hasEnded)).toHaveLength(1)
    expect(await openStreams()).toBe(2)
  })
})

describe('the number of open streams', () => {
  it('is told, and is 0 again when all have been left', async () => {
    for (let count = 0; count < 1_000; count += 1) {
      gateway.subscribe(String(count), TOLD)
      // Every other one is left before it has opened, or in the middle of it.
      if (count % 2 === 0) await expect.poll(() => sources.findLast((one) => !one.hasEnded)?.pulls).toBe(1)
      if (count % 100 === 0) await expect.poll(openStreams).toBe(1)
      gateway.send({ type: 'complete', id: String(count) })
    }
    await expect.poll(openStreams).toBe(0)
    expect(sources.filter(({ hasEnded }) => !hasEnded)).toEqual([])
  })

  it('is 0 again when their sockets were cut, in whatever state the streams were', async () => {
    for (let count = 0; count < 5; count += 1) {
      const end = await GatewayEnd.connect(server.url)
      for (let id = 0; id < 20; id += 1)
        end.subscribe(String(id), id % 4 === 0 ? { query: 'subscription { flood }' } : TOLD)
      await expect.poll(openStreams).toBe(20)
      for (const source of sources) source.push('Hello')
      end.socket.terminate()
      await expect.poll(openStreams).toBe(0)
    }
    expect(sources.filter(({ hasEnded }) => !hasEnded)).toEqual([])
  })

  it('is 0 again when their sources have ended, or failed', async () => {
    gateway.subscribe('0', TOLD)
    gateway.subscribe('1', { query: 'subscription { refused(times: 1) }' })
    await expect.poll(() => sources.length).toBe(1)
    sources[0]?.end()
    await gateway.take(3)
    await expect.poll(openStreams).toBe(0)
  })
})
