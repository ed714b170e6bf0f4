import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pace } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttpServer, listen } from './http-server.ts'
import { ShutdownTime } from './shutdown-time.ts'

const MEGABYTE = 1024 * 1024
/** More than what the kernel takes for both ends. */
const LARGE = Buffer.alloc(40 * MEGABYTE, 'x')
const REQUEST = 'GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n'

let server: FastifyInstance
let client: Socket
/** The server's ends of the connections on which something was asked, in the order of the requests that ran. */
let asked: Socket[]
let held: Promise<void> | undefined

beforeEach(() => {
  asked = []
  held = undefined
})

afterEach(async () => {
  client.destroy()
  await server.close()
})

/** A server whose clients have so much time, and a client that reads nothing. */
async function start(stalledMs: number, shutdown = new ShutdownTime()): Promise<void> {
  server = createHttpServer({ logger: pino({ level: 'silent' }), ready: () => {}, stalledMs, shutdown })
  server.get('/large', async ({ raw }, reply) => {
    asked.push(raw.socket)
    await held
    return reply.send(LARGE)
  })
  const { port } = await listen(server, { host: '127.0.0.1', port: 0, variable: 'PORT' })
  client = connect(port, '127.0.0.1').on('error', () => {})
  client.pause()
  await once(client, 'connect')
}

/** Asks so often, without waiting for an answer. @returns the server's end, when something waits on it to be sent. */
async function ask(times: number): Promise<Socket> {
  client.write(REQUEST.repeat(times))
  await expect.poll(() => asked[0]?.writableLength).toBeGreaterThan(MEGABYTE)
  return asked[0] as Socket
}

describe('a client that takes nothing of its answer', () => {
  it('is cut off when its time is up, and what it asked behind that never runs', async () => {
    await start(500)
    const begun = performance.now()
    const socket = await ask(20)
    await once(socket, 'close')
    expect(performance.now() - begun).toBeGreaterThanOrEqual(500)
    await server.close()
    expect(asked).toHaveLength(1)
  })

  it('has its time from when it last took some', async () => {
    await start(1_000)
    const socket = await ask(1)
    let taken = 0
    client.on('data', ({ length }) => {
      taken += length
    })
    const begun = performance.now()
    while (taken < LARGE.length) {
      const enough = Math.min(taken + MEGABYTE, LARGE.length)
      client.resume()
      while (taken < enough) await once(client, 'data')
      client.pause()
      await pace(40)
    }
    expect(performance.now() - begun).toBeGreaterThan(1_400)
    expect(socket.destroyed).toBe(false)
  })

  it('holds no shutdown up', async () => {
    await start(60_000, new ShutdownTime(8_000))
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    client.write(REQUEST)
    await expect.poll(() => asked.length).toBe(1)
    const begun = performance.now()
    const closed = server.close()
    await expect.poll(() => server.server.listening).toBe(false)
    resolve()
    await closed
    expect(performance.now() - begun).toBeLessThan(6_000)
  })
})

describe('requests that one connection sends without waiting', () => {
  it('run one after the other, each when the client has the answer of the one before', async () => {
    await start(60_000)
    await ask(3)
    expect(asked).toHaveLength(1)
    let taken = 0
    client.on('data', ({ length }) => {
      taken += length
    })
    client.resume()
    await expect.poll(() => taken, { timeout: 10_000 }).toBeGreaterThan(3 * LARGE.length)
    expect(asked).toHaveLength(3)
  })

  it('are a hundred beside the one that runs, or the connection is cut', async () => {
    await start(60_000)
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    client.write(REQUEST.repeat(101))
    client.resume()
    await expect.poll(() => asked.length).toBe(1)
    expect(client.destroyed).toBe(false)
    const closed = once(client, 'close')
    client.write(REQUEST)
    await closed
    resolve()
    await server.close()
    expect(asked).toHaveLength(1)
  })

  it('end with the connection: none of them runs, and no shutdown waits for them', async () => {
    await start(60_000)
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    client.write(REQUEST.repeat(5))
    await expect.poll(() => asked.length).toBe(1)
    const closed = once(asked[0] as Socket, 'close')
    client.destroy()
    await closed
    const begun = performance.now()
    await server.close()
    expect(performance.now() - begun).toBeLessThan(6_000)
    resolve()
    expect(asked).toHaveLength(1)
  })
})
