import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ClientPatience } from '../sessions/client-patience.ts'
import { gaugeOf } from '../testing/gauges.ts'
import { SocketClient } from '../testing/socket-client.ts'
import { startToyGateway, type ToyGateway } from '../testing/start-toy-gateway.ts'

vi.setConfig({ testTimeout: 120_000 })

const LIVELY = 80
const FROZEN = 40
const EVENTS = 40
const MEGABYTE = 1024 * 1024
const BODY = 'x'.repeat(MEGABYTE / 4)
/** What one frozen client may cost: what is on its way, and four million characters behind it, also parsed. */
const COST = 16 * MEGABYTE

let toy: ToyGateway
let lively: SocketClient[]
let frozen: SocketClient[]

async function start(patience: Partial<ClientPatience>): Promise<void> {
  toy = await startToyGateway({}, { patience })
}

beforeEach(() => {
  lively = []
  frozen = []
})

afterEach(async () => {
  for (const { socket } of [...lively, ...frozen]) socket.terminate()
  await toy[Symbol.asyncDispose]()
})

async function watch(count: number, selectionOf: (index: number) => string): Promise<SocketClient[]> {
  const before = toy.graph.feed.watcherCount
  const clients = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const client = await SocketClient.connect(toy.socketUrl)
      client.subscribe('1', `subscription { reviewAdded { ${selectionOf(index)} } }`)
      return client
    }),
  )
  await expect.poll(() => toy.graph.feed.watcherCount).toBe(before + count)
  return clients
}

async function freeze(count: number, selectionOf = (_index: number) => 'id body'): Promise<SocketClient[]> {
  const clients = await watch(count, selectionOf)
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

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** In bytes, of clients and subgraphs too, which share this process. */
function memoryInUse(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const gauge = (name: string) => gaugeOf(toy.url, `parley_gateway_${name}`)

describe('clients that stop reading', () => {
  it('delay nobody else and leave nothing behind', async () => {
    await start({ stalledMs: 2_000 })
    lively = await watch(LIVELY, () => 'id')
    frozen = await freeze(FROZEN)
    for (let number = 0; number < EVENTS; number += 1) await tell(number)
    await expect.poll(() => gauge('sockets'), { timeout: 30_000 }).toBe(LIVELY)
    expect(await gauge('subscriptions')).toBe(LIVELY)
    await expect.poll(() => toy.graph.feed.watcherCount).toBe(LIVELY)
    await tell(EVENTS)
    for (const { socket } of frozen) socket.resume()
    for (const client of frozen) expect([4290, 1006]).toContain((await client.whenClosed()).code)
  })

  it('cost so much and no more, however much there is to tell', async () => {
    await start({ stalledMs: 60_000 })
    lively = await watch(1, () => 'id')
    // Each asks in words of its own, so that no two of them share what they are told.
    frozen = await freeze(5, (index) => `id body id${index}: id`)
    const before = memoryInUse()
    for (let number = 0; number < 200; number += 1) await tell(number)
    // All of it would be 50 MB for each, of which the kernel takes some ten.
    expect(memoryInUse() - before).toBeLessThan(frozen.length * COST)
    expect(await gauge('sockets')).toBe(lively.length + frozen.length)
  })

  it('are told to come back when they read again before they are cut off', async () => {
    await start({ stalledMs: 2_000 })
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
