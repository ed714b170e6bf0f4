import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { LogLines } from '../testing/log-lines.ts'
import { UpstreamSocket, type UpstreamTimes } from './upstream-socket.ts'

const PAYLOAD = { query: 'subscription { it }' }

/** A subgraph whose every frame the test writes. */
let server: Server
let connections: WebSocket[]
let heard: { type: string; id?: string; payload?: unknown }[]
let answersInit: boolean
let answersPings: boolean
let upstream: UpstreamSocket
let logs: LogLines

beforeEach(async () => {
  connections = []
  heard = []
  answersInit = true
  answersPings = false
  server = createServer()
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' })
  sockets.on('connection', (socket) => {
    connections.push(socket)
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data))
      heard.push(frame)
      if (frame.type === 'connection_init' && answersInit) socket.send('{"type":"connection_ack"}')
      if (frame.type === 'ping' && answersPings) socket.send('{"type":"pong"}')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  open()
})

afterEach(async () => {
  upstream.close()
  for (const connection of connections) connection.terminate()
  await once(server.close(), 'close')
})

function open(times: UpstreamTimes = {}): void {
  logs = new LogLines()
  const { port } = server.address() as AddressInfo
  upstream = new UpstreamSocket({ url: `http://127.0.0.1:${port}/graphql`, logger: logs.logger, times })
}

/** Subscribes; what the sink is told is in the list. */
function subscribe(query = PAYLOAD.query) {
  const told: unknown[] = []
  const subscription = upstream.subscribe(() => ({ query }), {
    sent: () => told.push('sent'),
    next: (payload) => told.push(JSON.parse(payload)),
    complete: () => told.push('complete'),
    refused: (errors) => told.push({ refused: errors.map(({ message }) => message) }),
    lost: (together) => told.push(`lost ${together}`),
  })
  return { told, ...subscription }
}

function heardIs(...types: string[]) {
  return expect.poll(() => heard.map(({ type }) => type)).toEqual(types)
}

function say(...frames: string[]): void {
  for (const frame of frames) connections.at(-1)?.send(frame)
}

const BEGUN = ['connection_init', 'subscribe']

describe('a connection to a subgraph', () => {
  it('is opened by the first subscription and carries all of them', async () => {
    const [first, second] = [subscribe(), subscribe('subscription { other }')]
    await heardIs(...BEGUN, 'subscribe')
    expect(heard.slice(1)).toEqual([
      { id: '1', type: 'subscribe', payload: PAYLOAD },
      { id: '2', type: 'subscribe', payload: { query: 'subscription { other }' } },
    ])
    say('{"id":"2","type":"next","payload":{"data":2}}', '{"id":"1","type":"next","payload":{"data":1}}')
    await expect.poll(() => first.told).toEqual(['sent', { data: 1 }])
    expect(second.told).toEqual(['sent', { data: 2 }])
    expect(connections).toHaveLength(1)
    expect(upstream.size).toBe(2)
  })

  it.each([
    ['{"id":"1","type":"next","payload":{"data":{"a":"}"}}}', { data: { a: '}' } }],
    ['{"id":"1","type":"next","payload":{"data":1},"more":{"x":1}}', { data: 1 }],
    ['{"type":"next","id":"1","payload":{"data":"ü"}}', { data: 'ü' }],
    [' { "payload" : { "data" : 1 }, "type" : "next", "id" : "1" } ', { data: 1 }],
  ])('understands a result however it is written: %s', async (frame, payload) => {
    const { told } = subscribe()
    await heardIs(...BEGUN)
    say(frame)
    await expect.poll(() => told).toEqual(['sent', payload])
  })

  it('hands on what ends a subscription, and nothing after it', async () => {
    const [refused, completed] = [subscribe(), subscribe()]
    await heardIs(...BEGUN, 'subscribe')
    say('{"id":"1","type":"error","payload":[{"message":"No."}]}', '{"id":"2","type":"complete"}')
    say('{"id":"1","type":"next","payload":{}}', '{"id":"2","type":"next","payload":{}}', '{"id":"9","type":"next"}')
    await expect.poll(() => completed.told).toEqual(['sent', 'complete'])
    expect(refused.told).toEqual(['sent', { refused: ['No.'] }])
  })

  it('tells the subgraph that a subscription was left, once it knows of it', async () => {
    const [left, unknown] = [subscribe(), subscribe()]
    unknown.unsubscribe()
    await heardIs(...BEGUN)
    left.unsubscribe()
    left.unsubscribe()
    await heardIs(...BEGUN, 'complete')
    expect(left.told).toEqual(['sent'])
    expect(unknown.told).toEqual([])
  })

  it('answers pings', async () => {
    subscribe()
    await heardIs(...BEGUN)
    say('{"type":"ping","payload":{"at":1}}', '{"type":"ping"}')
    await heardIs(...BEGUN, 'pong', 'pong')
    expect(heard.slice(2)).toEqual([{ type: 'pong', payload: { at: 1 } }, { type: 'pong' }])
  })

  it('is dead when nothing at all is heard between two pings', async () => {
    open({ pingIntervalMs: 50 })
    const { told } = subscribe()
    await expect.poll(() => told).toEqual(['sent', 'lost 1'])
    expect(heard.map(({ type }) => type)).toEqual([...BEGUN, 'ping'])
  })

  it('lives as long as its pings are answered', async () => {
    open({ pingIntervalMs: 200 })
    answersPings = true
    const { told } = subscribe()
    await heardIs(...BEGUN, 'ping', 'ping', 'ping', 'ping')
    expect(told).toEqual(['sent'])
  })

  it('is given up when it is not acknowledged', async () => {
    open({ connectMs: 100 })
    answersInit = false
    expect(await lossOf(subscribe())).toEqual(['lost 1'])
  })

  it('is given up when the subgraph speaks something else', async () => {
    const { told } = subscribe()
    await heardIs(...BEGUN)
    say('hello')
    await expect.poll(() => told).toEqual(['sent', 'lost 1'])
  })

  it('that breaks takes everything with it, and the next subscription opens another one', async () => {
    const lost = [subscribe(), subscribe()]
    await heardIs(...BEGUN, 'subscribe')
    connections[0]?.terminate()
    for (const { told } of lost) await expect.poll(() => told).toEqual(['sent', 'lost 2'])
    expect(logs.messages('warn')).toEqual(['lost a subgraph socket'])
    subscribe()
    await expect.poll(() => connections.length).toBe(2)
    await expect.poll(() => heard.length).toBe(5)
  })

  it('that is closed behind a completed subscription does not call that lost', async () => {
    const { told } = subscribe()
    await heardIs(...BEGUN)
    say('{"id":"1","type":"complete"}')
    connections[0]?.close(1012)
    await expect.poll(() => logs.messages('debug')).toEqual(['lost a subgraph socket'])
    expect(told).toEqual(['sent', 'complete'])
  })

  it('is cut when what it says breaks who hears it, and the process lives', async () => {
    const told: unknown[] = []
    const breaks = () => {
      throw new TypeError('This is no error.')
    }
    const lost = (together: number) => told.push(`lost ${together}`)
    const ignored = () => {}
    upstream.subscribe(() => PAYLOAD, { sent: ignored, next: breaks, complete: ignored, refused: ignored, lost })
    await heardIs(...BEGUN)
    say('{"id":"1","type":"next","payload":{"data":1}}')
    await expect.poll(() => told).toEqual(['lost 1'])
    expect(logs.messages('error')).toEqual(['a subgraph said what cannot be understood'])
  })

  it('gets no more subscriptions once it is closing', async () => {
    const first = subscribe()
    await heardIs(...BEGUN)
    // It does not read our goodbye, so ours stays open half-way.
    connections[0]?.close(1012)
    connections[0]?.pause()
    const later: ReturnType<typeof subscribe>[] = []
    await expect.poll(() => later.push(subscribe()) && connections.length).toBe(2)
    await expect.poll(() => later.at(-1)?.told).toEqual(['sent'])
    expect(first.told).toEqual(['sent'])
  })

  it('is closed when it has carried nothing for a while', async () => {
    open({ idleMs: 50 })
    subscribe().unsubscribe()
    await expect.poll(() => connections[0]?.readyState).toBe(3)
  })

  it('that is retired goes on until its last subscription is gone, beside a new one', async () => {
    const [old, other] = [subscribe(), subscribe()]
    await heardIs(...BEGUN, 'subscribe')
    old.retire()
    old.retire()
    const fresh = subscribe()
    await expect.poll(() => fresh.told).toEqual(['sent'])
    expect(connections).toHaveLength(2)
    connections[0]?.send('{"id":"2","type":"next","payload":{"data":2}}')
    await expect.poll(() => other.told).toEqual(['sent', { data: 2 }])
    old.unsubscribe()
    expect(upstream.size).toBe(2)
    other.unsubscribe()
    await expect.poll(() => connections.map(({ readyState }) => readyState)).toEqual([3, 1])
  })

  it('gets a ping with a fresh token as every other one that stands', async () => {
    const old = subscribe()
    await heardIs(...BEGUN)
    old.retire()
    const fresh = subscribe()
    await expect.poll(() => fresh.told).toEqual(['sent'])
    upstream.ping({ authorization: 'Bearer fresh' })
    await expect
      .poll(() => heard.slice(4))
      .toEqual(Array(2).fill({ type: 'ping', payload: { authorization: 'Bearer fresh' } }))
  })
})

describe('a subgraph that cannot be reached', () => {
  it('is not tried more often than ten times a second', async () => {
    open({ connectMs: 20 })
    answersInit = false
    const since = performance.now()
    for (let count = 0; count < 4; count += 1) await lossOf(subscribe())
    expect(performance.now() - since).toBeGreaterThan(300)
    expect(logs.messages('warn')).toEqual(['lost a subgraph socket'])
  })

  it('is not tried for somebody who has left', async () => {
    open({ connectMs: 20 })
    answersInit = false
    await lossOf(subscribe())
    const left = subscribe()
    left.unsubscribe()
    await lossOf(subscribe())
    expect(left.told).toEqual([])
    expect(connections).toHaveLength(2)
  })
})

async function lossOf({ told }: { told: unknown[] }): Promise<unknown[]> {
  await expect.poll(() => told.length).toBe(1)
  return told
}
