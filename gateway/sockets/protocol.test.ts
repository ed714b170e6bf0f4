import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { buildSchema, parse } from 'graphql'
import { handleProtocols, makeServer, type ServerOptions } from 'graphql-ws'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientPatience } from '../sessions/client-patience.ts'
import { LogLines } from '../testing/log-lines.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { serveProtocol } from './protocol.ts'

let sockets: WebSocketServer
const log = new LogLines()

/** @returns where it listens. */
async function listen(handlers: ServerOptions, patience: Partial<ClientPatience> = {}): Promise<string> {
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols })
  const server = makeServer<Record<string, unknown>, undefined>(handlers)
  sockets.on('connection', (socket) =>
    serveProtocol(socket, {
      server,
      extra: () => undefined,
      answerPing: async (_extra, payload) => payload && { answerTo: payload },
      tooSlow: () => {
        socket.close(4290, 'too slow')
        socket.resume()
      },
      patience: { pingIntervalMs: 60_000, stalledMs: 60_000, ...patience },
      logger: log.logger,
    }),
  )
  await once(sockets, 'listening')
  return `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`
}

afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate()
  const closed = once(sockets, 'close')
  sockets.close()
  await closed
})

/** The server's end of the only socket. */
function servedSocket(): WebSocket {
  const [socket, ...others] = sockets.clients
  if (!socket || others.length > 0) throw new Error(`${sockets.clients.size} sockets are open.`)
  return socket
}

describe('a socket', () => {
  it('is cut when its client leaves a ping unanswered, and kept when it answers', async () => {
    const url = await listen({}, { pingIntervalMs: 200 })
    const alive = await SocketClient.connect(url)
    const silent = await SocketClient.connect(url, undefined, { autoPong: false })
    expect((await silent.whenClosed()).code).toBe(1006)
    await once(alive.socket, 'ping')
    alive.ping({ at: 1 })
    expect(await alive.next()).toEqual({ type: 'pong', payload: { answerTo: { at: 1 } } })
  })

  it('is cut when its client answers what nobody asked, and not our pings', async () => {
    const client = await SocketClient.connect(await listen({}, { pingIntervalMs: 200 }), undefined, { autoPong: false })
    const claiming = setInterval(() => client.socket.pong(), 10)
    client.socket.once('close', () => clearInterval(claiming))
    expect((await client.whenClosed()).code).toBe(1006)
  })

  it('is closed with 4500 when one of its messages cannot be handled, and the log says why', async () => {
    const onSubscribe = () => {
      throw new Error('a bug')
    }
    const client = await SocketClient.connect(await listen({ onSubscribe }))
    client.subscribe('1', '{ anything }')
    expect(await client.whenClosed()).toEqual({ code: 4500, reason: 'Internal server error' })
    expect(log.messages('error')).toEqual(['a message on a socket could not be handled'])
  })

  it('is closed with 4400 when it says what nobody understands', async () => {
    const client = await SocketClient.connect(await listen({}))
    client.socket.send('nonsense')
    expect((await client.whenClosed()).code).toBe(4400)
  })
})

describe('a client that is cut while an event is on its way', () => {
  it('has failed at nothing', async () => {
    const failures: unknown[] = []
    const ended = Promise.withResolvers<void>()
    const event = { data: { text: 'x'.repeat(1024 * 1024) } }
    let isOver = false
    const done = { done: true as const, value: undefined }
    const events = {
      // What ended must say so: it would go on for as long as its process, under the tests that come after.
      next: async () => (isOver ? done : { done: false as const, value: await setImmediate(event) }),
      async return() {
        isOver = true
        ended.resolve()
        return done
      },
      [Symbol.asyncIterator]: () => events,
    }
    const schema = buildSchema('type Query { text: String } type Subscription { text: String }')
    const client = await SocketClient.connect(
      await listen({
        onSubscribe: () => ({ schema, document: parse('subscription { text }') }),
        subscribe: async () => events,
        onError: (_context, _id, _payload, errors) => void failures.push(errors),
      }),
    )
    client.socket.on('error', () => {})
    client.socket.pause()
    client.subscribe('1', 'subscription { text }')
    await expect.poll(() => servedSocket().bufferedAmount).toBeGreaterThan(1024 * 1024)
    servedSocket().terminate()
    await ended.promise
    await expect.poll(() => sockets.clients.size).toBe(0)
    expect(failures).toEqual([])
  })
})

describe('a client that does not read', () => {
  const MEGABYTE = 1024 * 1024
  const INTERVAL_MS = 1_000
  /** More than what the kernel takes for both ends. */
  const FLOOD = 600

  let client: SocketClient

  /** The client sends 36 MB that are to be answered, reads nothing, and claims to be there without having been asked. */
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    client = await SocketClient.connect(await listen({}, { pingIntervalMs: INTERVAL_MS }), undefined, {
      autoPong: false,
    })
    client.socket.on('error', () => {})
    client.socket.pause()
    for (let count = 0; count < FLOOD; count += 1) {
      client.ping({ count, filler: 'x'.repeat(60_000) })
      client.socket.pong()
    }
  })

  afterEach(() => void vi.useRealTimers())

  /** Not polled by vitest, which moves fake timers on while it polls. */
  async function whenHeldBack(): Promise<void> {
    const giveUp = AbortSignal.timeout(10_000)
    while (!servedSocket().isPaused) await setImmediate(undefined, { signal: giveUp })
  }

  async function readAll(): Promise<void> {
    client.socket.resume()
    for (let count = 0; count < FLOOD; count += 1) {
      expect((await client.next()).payload).toMatchObject({ answerTo: { count } })
    }
  }

  it('is not read from while 4 MB wait for it, and is given up when they still do at the next ping but one', async () => {
    await whenHeldBack()
    expect(servedSocket().bufferedAmount).toBeLessThan(5 * MEGABYTE)
    vi.advanceTimersByTime(INTERVAL_MS)
    expect(servedSocket().bufferedAmount).toBeLessThan(5 * MEGABYTE)
    vi.advanceTimersByTime(INTERVAL_MS)
    expect(servedSocket().readyState).toBe(WebSocket.CLOSING)
    client.socket.resume()
    expect((await client.whenClosed()).code).toBe(4290)
  })

  it('gets everything when it reads after all, and has until the ping after that to answer', async () => {
    await whenHeldBack()
    vi.advanceTimersByTime(INTERVAL_MS)
    await readAll()
    vi.advanceTimersByTime(INTERVAL_MS)
    client.ping({ at: 'last' })
    expect((await client.next()).payload).toEqual({ answerTo: { at: 'last' } })
    vi.advanceTimersByTime(INTERVAL_MS)
    expect((await client.whenClosed()).code).toBe(1006)
  })
})
