import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FaultProxy } from './fault-proxy.ts'
import type { LinkMode } from './link-mode.ts'

/** A server that answers everything with itself in capitals, and what it has got. */
async function startEcho(): Promise<{ port: number; received(): string; end(): Promise<void> }> {
  const sockets = new Set<Socket>()
  let received = ''
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()))
    socket.setEncoding('utf8').on('data', (text: unknown) => {
      received += text
      socket.write(String(text).toUpperCase())
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const end = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await once(server.close(), 'close')
  }
  onTestFinished(end)
  return { port: (server.address() as AddressInfo).port, received: () => received, end }
}

async function startProxy(...ports: number[]): Promise<FaultProxy> {
  const proxy = await FaultProxy.start({ route: () => ports.map((port) => ({ port, host: '127.0.0.1' })) })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return proxy
}

/** A client of the proxy, what it has got, and how its connection ended. */
function call(proxy: FaultProxy) {
  const socket = connect(proxy.port, '127.0.0.1')
  let received = ''
  let ended: string | undefined
  socket.setEncoding('utf8').on('data', (text: unknown) => {
    received += text
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code
  })
  socket.on('close', () => {
    ended ??= 'closed'
  })
  onTestFinished(() => void socket.destroy())
  return { socket, received: () => received, ended: () => ended }
}

describe('a link', () => {
  it('passes bytes on in both directions, and the end of either side', async () => {
    const proxy = await startProxy((await startEcho()).port)
    const { socket, received, ended } = call(proxy)
    socket.write('hello')
    await expect.poll(received).toBe('HELLO')
    socket.end()
    await expect.poll(ended).toBe('closed')
    await expect.poll(() => proxy.size).toBe(0)
  })

  it('leads to the next target when the first refuses, and resets when all do', async () => {
    const [gone, there] = [await startEcho(), await startEcho()]
    await gone.end()
    const proxy = await startProxy(gone.port, there.port)
    const { socket, received } = call(proxy)
    socket.write('hello')
    await expect.poll(received).toBe('HELLO')
    await there.end()
    await expect.poll(call(proxy).ended).toBe('ECONNRESET')
  })

  it('delays every chunk and keeps the order', async () => {
    const proxy = await startProxy((await startEcho()).port)
    proxy.set({ kind: 'delay', ms: 60, jitterMs: 50 })
    const { socket, received } = call(proxy)
    const begun = performance.now()
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      socket.write(text)
      await new Promise(setImmediate)
    }
    await expect.poll(received).toBe('ABCDE')
    expect(performance.now() - begun).toBeGreaterThan(20)
  })

  it('throttles to so many bytes a second', async () => {
    const proxy = await startProxy((await startEcho()).port)
    proxy.set({ kind: 'throttle', bytesPerSecond: 10_000 })
    const { socket, received } = call(proxy)
    const begun = performance.now()
    socket.write('x'.repeat(2_000))
    await expect.poll(() => received().length).toBe(2_000)
    expect(performance.now() - begun).toBeGreaterThan(350)
  })

  it('is cut with a reset on both sides, and new connections work', async () => {
    const proxy = await startProxy((await startEcho()).port)
    const first = call(proxy)
    first.socket.write('hello')
    await expect.poll(first.received).toBe('HELLO')
    proxy.cut()
    await expect.poll(first.ended).toBe('ECONNRESET')
    const second = call(proxy)
    second.socket.write('again')
    await expect.poll(second.received).toBe('AGAIN')
  })

  it('refuses new connections and leaves the others alone', async () => {
    const proxy = await startProxy((await startEcho()).port)
    const first = call(proxy)
    first.socket.write('hello')
    await expect.poll(first.received).toBe('HELLO')
    proxy.set({ kind: 'refuse' })
    await expect.poll(call(proxy).ended).toBe('ECONNRESET')
    first.socket.write('more')
    await expect.poll(first.received).toBe('HELLOMORE')
  })
})

describe('a link that swallows', () => {
  const swallowing = (direction?: 'up' | 'down'): LinkMode => ({ kind: 'blackhole', ...(direction && { direction }) })

  it.each([
    ['both ways', undefined, ''],
    ['what the client sends', 'up', ''],
    ['what the server sends', 'down', 'lost'],
  ] as const)('%s accepts, stays silent and resets what it swallowed from when it heals', async (_, way, arrived) => {
    const echo = await startEcho()
    const proxy = await startProxy(echo.port)
    const before = call(proxy)
    const idle = call(proxy)
    await expect.poll(() => proxy.size).toBe(2)
    proxy.set(swallowing(way))
    const during = call(proxy)
    for (const { socket } of [before, during]) socket.write('lost')
    await expect.poll(() => proxy.torn).toBe(2)
    expect(echo.received()).toBe(arrived.repeat(2))
    expect([before, idle, during].map(({ ended }) => ended())).toEqual([undefined, undefined, undefined])

    proxy.heal()
    for (const { ended } of [before, during]) await expect.poll(ended).toBe('ECONNRESET')
    expect([before, during].map(({ received }) => received())).toEqual(['', ''])
    idle.socket.write('hello')
    await expect.poll(idle.received).toBe('HELLO')
  })
})

describe('a link that loses answers', () => {
  it('brings the request to the server and resets the client instead of the answer', async () => {
    const echo = await startEcho()
    const proxy = await startProxy(echo.port)
    proxy.set({ kind: 'unanswered', chance: 1 })
    const { socket, received, ended } = call(proxy)
    socket.write('hello')
    await expect.poll(ended).toBe('ECONNRESET')
    expect(echo.received()).toBe('hello')
    expect(received()).toBe('')
  })
})
