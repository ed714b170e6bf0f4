import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gaugeOf } from '../testing/gauges.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

vi.setConfig({ testTimeout: 120_000 })

const LIVELY = 160
const FROZEN = 40
const EVENTS = 40
const MEGABYTE = 1024 * 1024
const BODY = 'x'.repeat(MEGABYTE / 4)
/** What one frozen client may cost: what is not sent, and what waits behind it. */
const COST = 8 * MEGABYTE
/** What clients and subgraphs, which share this process, may cost. */
const OURS = 200 * MEGABYTE

let toy: ToyGateway
let lively: SocketClient[]
let frozen: SocketClient[]

beforeEach(async () => {
  toy = await startToyGateway({}, { patience: { stalledMs: 2_000 } })
  lively = []
  frozen = []
})

afterEach(async () => {
  for (const { socket } of [...lively, ...frozen]) socket.terminate()
  await toy[Symbol.asyncDispose]()
})

async function watch(count: number, selection: string): Promise<SocketClient[]> {
  const before = toy.graph.feed.watcherCount
  const clients = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = await SocketClient.connect(toy.socketUrl)
      client.subscribe('1', `subscription { reviewAdded { ${selection} } }`)
      return client
    }),
  )
  await expect.poll(() => toy.graph.feed.watcherCount).toBe(before + count)
  return clients
}

async function freeze(count: number): Promise<SocketClient[]> {
  const clients = await watch(count, 'id body')
  for (const { socket } of clients) socket.on('error', () => {}).pause()
  return clients
}

/** Publishes an event; resolves when everybody who reads has it. */
async function tell(number: number): Promise<void> {
  const id = String(number)
  toy.graph.feed.publish({ id, body: BODY, authorId: 'u1' })
  const frames = await Promise.all(lively.map((client) => client.next()))
  for (const frame of frames) expect(frame.payload).toEqual({ data: { reviewAdded: { id } } })
}

const gauge = (name: string) => gaugeOf(toy.url, `parley_gateway_${name}`)

describe('clients that stop reading', () => {
  it('delay nobody else, cost little, and leave nothing behind', async () => {
    lively = await watch(LIVELY, 'id')
    frozen = await freeze(FROZEN)
    const before = process.memoryUsage.rss()
    for (let number = 0; number < EVENTS; number += 1) await tell(number)
    expect(process.memoryUsage.rss() - before).toBeLessThan(FROZEN * COST + OURS)
    await expect.poll(() => gauge('sockets'), { timeout: 30_000 }).toBe(LIVELY)
    expect(await gauge('subscriptions')).toBe(LIVELY)
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(LIVELY)
    await tell(EVENTS)
    for (const { socket } of frozen) socket.resume()
    for (const client of frozen) expect([4290, 1006]).toContain((await client.whenClosed()).code)
  })

  it('are told to come back when they read again before they are cut off', async () => {
    frozen = await freeze(1)
    for (let number = 0; (await gauge('subscriptions')) > 0; number += 1) await tell(number)
    expect(await gauge('sockets')).toBe(1)
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(0)
    frozen[0]?.socket.resume()
    const closed = await frozen[0]?.whenClosed()
    expect(closed).toEqual({ code: 4290, reason: JSON.stringify({ reconnectWithinMs: 5_000 }) })
    await expect.poll(() => gauge('sockets')).toBe(0)
  })
})
