import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gaugeOf } from '../testing/gauges.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

vi.setConfig({ testTimeout: 120_000 })

const CYCLES = 1_000
const AT_ONCE = 50
const ADDED = 'subscription { reviewAdded { id author { name } } }'

let toy: ToyGateway

beforeEach(async () => {
  toy = await startToyGateway({}, { patience: { pingIntervalMs: 1_000 } })
})

afterEach(() => toy[Symbol.asyncDispose]())

async function subscribed(): Promise<SocketClient> {
  const client = await SocketClient.connect(toy.socketUrl)
  client.socket.on('error', () => {})
  client.subscribe('1', ADDED)
  return client
}

/** An upgrade of which the client waits for nothing. */
async function upgraded(): Promise<Socket> {
  const socket = connect({ port: toy.gateway.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  await once(socket, 'connect')
  socket.write(
    'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  )
  return socket
}

/** Ways to leave, one for each cycle in turn. */
const WAYS: readonly (() => Promise<void>)[] = [
  async function closes() {
    await (await subscribed()).close()
  },
  async function completesAndCloses() {
    const client = await subscribed()
    client.send({ type: 'complete', id: '1' })
    await client.close()
  },
  async function isCut() {
    const client = await subscribed()
    client.socket.terminate()
    await client.closed
  },
  async function isCutBeforeItIntroducesItself() {
    const client = await SocketClient.open(toy.socketUrl)
    client.socket.terminate()
    await client.closed
  },
  async function isCutWhileItIntroducesItself() {
    const client = await SocketClient.open(toy.socketUrl)
    client.send({ type: 'connection_init' })
    client.subscribe('1', ADDED)
    client.socket.terminate()
    await client.closed
  },
  async function asksAndLeaves() {
    const client = await subscribed()
    client.subscribe('2', '{ user(id: "u1") { name } }')
    await client.close()
  },
  async function isResetInTheHandshake() {
    ;(await upgraded()).resetAndDestroy()
  },
  async function staysHalfOpen() {
    const socket = await upgraded()
    await once(socket, 'data')
    socket.end()
    await once(socket.resume(), 'end')
    socket.destroy()
  },
]

const gauge = (name: string) => gaugeOf(toy.url, `parley_gateway_${name}`)

describe('clients that leave, however they do it', () => {
  it('leave nothing behind', async () => {
    let cycle = 0
    const go = async () => {
      for (let number = cycle++; number < CYCLES; number = cycle++) await WAYS[number % WAYS.length]?.()
    }
    const going = Array.from({ length: AT_ONCE }, go)
    await expect.poll(() => gauge('subscriptions')).toBeGreaterThan(0)
    await Promise.all(going)
    await expect.poll(() => gauge('sockets')).toBe(0)
    for (const name of ['subscriptions', 'upstream_subscriptions']) expect(await gauge(name)).toBe(0)
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(0)
    expect(await gauge('sockets')).toBe(0)
    const client = await subscribed()
    await expect.poll(() => gauge('subscriptions')).toBe(1)
    await client.close()
  })
})
