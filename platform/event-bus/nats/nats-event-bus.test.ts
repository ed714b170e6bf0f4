import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Logger } from '../../logging.ts'
import { testEventBus, untilHeard } from '../../testing/event-bus.contract.ts'
import { LONG, listenTo, openNatsBus, untilInterrupted } from '../../testing/nats-bus.ts'
import { NatsServer, requireNats, startNats } from '../../testing/nats-server.ts'
import type { EventBus } from '../event-bus.ts'
import { openEventBus } from '../open-event-bus.ts'

beforeEach((context) => requireNats(context))

/** One server for all tests that do it no harm. */
let shared: Promise<NatsServer> | undefined
const sharedServer = () => (shared ??= NatsServer.start())
afterAll(async () => (await shared)?.[Symbol.asyncDispose]())

/** Ends of a bus that no other test hears. */
async function openEnds(count: number, logger: Logger): Promise<EventBus[]> {
  const { url } = await sharedServer()
  const serviceSecret = randomUUID()
  const ends = Array.from({ length: count }, () => openEventBus({ natsUrl: url, serviceSecret, logger }))
  onTestFinished(async () => void (await Promise.all(ends.map((end) => end[Symbol.asyncDispose]()))))
  // Until it is connected, an end hears itself without NATS.
  await Promise.all(ends.map((end) => new Promise<void>((resolve) => end.onInterruption(resolve))))
  return ends
}

testEventBus('NATS, over one connection,', {
  async open(count, logger) {
    const [bus] = await openEnds(1, logger)
    return bus ? Array.from({ length: count }, () => bus) : []
  },
})

testEventBus('NATS, over a connection each,', { open: openEnds })

async function disposalMs(bus: EventBus): Promise<number> {
  const startedAt = performance.now()
  await bus[Symbol.asyncDispose]()
  return performance.now() - startedAt
}

/** Speaks as much of NATS as a client needs to be connected, and can go away in place of an answer. */
async function startLeavingServer() {
  let isLeaving = false
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(`INFO {"server_id":"test","version":"2.10.0","proto":1,"headers":true,"max_payload":1048576}\r\n`)
    socket.on('data', (data) => {
      const pings = data.toString().match(/^PING\r$/gm) ?? []
      if (isLeaving && pings.length > 0) socket.destroy()
      else for (const _ of pings) socket.write('PONG\r\n')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leaveAtNextPing() {
      isLeaving = true
      server.close()
    },
  }
}

describe('NATS that comes and goes', () => {
  test('need not be there at the start: what is subscribed meanwhile takes effect, what is said no other process hears', async (context) => {
    const server = await startNats(context)
    await server.kill()
    const [here, there] = [openNatsBus(server.url), openNatsBus(server.url)]
    const heard = listenTo(there.bus, 'topic')
    here.bus.publish('topic', 'said to nobody')
    await expect.poll(here.levels, LONG).toEqual(['warn'])
    expect(here.text()).toContain('ECONNREFUSED')
    expect(here.interruptions()).toBe(0)

    await server.start()
    await untilInterrupted(here, 0)
    await untilHeard(here.bus, [here.bus, there.bus])
    here.bus.publish('topic', 'said to all')
    await expect.poll(() => heard).toEqual(['said to all'])
    await expect.poll(here.levels).toEqual(['warn', 'info'])
  })

  test('is found again after kill -9, with all its subscriptions, and says both times that something may be missing', async (context) => {
    const server = await startNats(context)
    const [here, there] = [openNatsBus(server.url), openNatsBus(server.url)]
    const before = listenTo(there.bus, 'before')
    await untilHeard(here.bus, [here.bus, there.bus])
    const [first, firstThere] = [here.interruptions(), there.interruptions()]

    await server.kill()
    await untilInterrupted(here, first)
    await untilInterrupted(there, firstThere)
    const meanwhile = listenTo(there.bus, 'meanwhile')
    for (let count = 0; count < 1_000; count += 1) here.bus.publish('before', 'lost')
    const [second, secondThere] = [here.interruptions(), there.interruptions()]
    expect(second).toBe(first + 1)

    await server.start()
    await untilInterrupted(here, second)
    await untilInterrupted(there, secondThere)
    await untilHeard(here.bus, [here.bus, there.bus])
    for (const topic of ['before', 'meanwhile']) here.bus.publish(topic, 'heard')
    await expect.poll(() => [before, meanwhile]).toEqual([['heard'], ['heard']])
    await expect.poll(here.levels).toEqual(['warn', 'info'])
  })

  test('is noticed within ten seconds when it freezes, however much is on its way to it', async (context) => {
    const server = await startNats(context)
    const [here, there] = [openNatsBus(server.url), openNatsBus(server.url)]
    await untilHeard(here.bus, [here.bus, there.bus])
    const before = [here, there].map(({ interruptions }) => interruptions())
    server.freeze()
    for (let count = 0; count < 150; count += 1) here.bus.publish('flood', 'x'.repeat(65_000))
    await Promise.all([untilInterrupted(here, before[0] ?? 0, 10_000), untilInterrupted(there, before[1] ?? 0, 10_000)])
    server.thaw()
    await untilHeard(here.bus, [here.bus, there.bus])
    expect(here.levels()).toEqual(['warn', 'info'])
  })

  test('is needed by nobody to be heard in the same process, once, before it came, while it is away and after', async (context) => {
    const server = await startNats(context)
    await server.kill()
    const [here, there] = [openNatsBus(server.url), openNatsBus(server.url)]
    const [heard, elsewhere] = [listenTo(here.bus, 'topic'), listenTo(there.bus, 'topic')]
    here.bus.publish('topic', { count: 1 })
    expect(heard).toEqual([])
    await expect.poll(() => heard).toEqual([{ count: 1 }])

    await server.start()
    await untilHeard(here.bus, [here.bus, there.bus])
    here.bus.publish('topic', 2)
    await untilHeard(here.bus, [here.bus, there.bus])
    expect([heard, elsewhere]).toEqual([[{ count: 1 }, 2], [2]])

    const before = here.interruptions()
    await server.kill()
    await untilInterrupted(here, before)
    here.bus.publish('topic', 3)
    await expect.poll(() => heard).toEqual([{ count: 1 }, 2, 3])
    await here.bus[Symbol.asyncDispose]()
    here.bus.publish('topic', 4)
    await new Promise(setImmediate)
    expect([heard.length, elsewhere]).toEqual([3, [2]])
  })

  test('is sent no more than a few megabytes that it has not confirmed; the rest is heard here alone', async (context) => {
    const server = await startNats(context)
    const [{ bus }, there] = [openNatsBus(server.url), openNatsBus(server.url)]
    let [heard, heardHere] = [0, 0]
    there.bus.subscribe('flood', () => {
      heard += 1
    })
    bus.subscribe('flood', () => {
      heardHere += 1
    })
    await untilHeard(bus, [bus, there.bus])
    server.freeze()
    for (let count = 0; count < 1_000; count += 1) bus.publish('flood', 'x'.repeat(65_000))
    server.thaw()
    await expect.poll(() => heard, LONG).toBeGreaterThan(200)
    await untilHeard(bus, [bus, there.bus])
    expect(heard * 65_000).toBeLessThan(18_000_000)
    expect(heardHere).toBe(1_000)
  })

  test('takes a publisher’s last words when that is disposed', async (context) => {
    const server = await startNats(context)
    const [here, there] = [openNatsBus(server.url), openNatsBus(server.url)]
    const heard = listenTo(there.bus, 'goodbye')
    await untilHeard(here.bus, [there.bus])
    here.bus.publish('goodbye', 'forever')
    expect(await disposalMs(here.bus)).toBeLessThan(2_000)
    await expect.poll(() => heard).toEqual(['forever'])
    expect(here.levels()).toEqual([])
  })

  test('holds up nobody who closes, whether it is frozen, away, or has never been there', async (context) => {
    const server = await startNats(context)
    const [frozen, away] = [openNatsBus(server.url), openNatsBus(server.url)]
    await untilHeard(frozen.bus, [frozen.bus, away.bus])
    server.freeze()
    const connecting = openNatsBus(server.url)
    expect(await disposalMs(frozen.bus)).toBeLessThan(2_000)
    expect(await disposalMs(connecting.bus)).toBeLessThan(2_000)
    await server.kill()
    await expect.poll(away.levels, LONG).toEqual(['warn'])
    const never = openNatsBus(server.url)
    await expect.poll(never.levels, LONG).toEqual(['warn'])
    expect(await disposalMs(away.bus)).toBeLessThan(2_000)
    expect(await disposalMs(never.bus)).toBeLessThan(2_000)
  })

  test('is waited for no longer when it goes away while somebody closes', async () => {
    const server = await startLeavingServer()
    const { bus, interruptions } = openNatsBus(server.url)
    await expect.poll(interruptions, LONG).toBe(1)
    server.leaveAtNextPing()
    // Less than the half second that it may take to answer.
    expect(await disposalMs(bus)).toBeLessThan(450)
  })

  test('is not connected to any more by who closed before it came', async (context) => {
    const server = await startNats(context)
    await server.kill()
    const closed = openNatsBus(server.url)
    await expect.poll(closed.levels, LONG).toEqual(['warn'])
    await closed.bus[Symbol.asyncDispose]()
    await server.start()
    await untilInterrupted(openNatsBus(server.url), 0)
    expect(await server.subscriptions()).toHaveLength(1)
    expect(closed.levels()).toEqual(['warn'])
  })
})

describe('Subscriptions to NATS', () => {
  test('are one for each topic, however many listen, and end some time after the last has gone', async (context) => {
    const server = await startNats(context)
    const opened = openNatsBus(server.url, { lingerMs: 200 })
    const { bus } = opened
    await untilInterrupted(opened, 0)
    const subscriptions = () => server.subscriptions()
    await expect.poll(subscriptions, LONG).toEqual([0])
    const topics = Array.from({ length: 20 }, () => `conversation/${randomUUID()}`)
    const unsubscribes = topics.flatMap((topic) =>
      Array.from({ length: 5 }, () => bus.subscribe(topic, () => undefined)),
    )
    await untilHeard(bus, [bus])
    expect(await subscriptions()).toEqual([topics.length + 1])

    for (const unsubscribe of unsubscribes.slice(5)) unsubscribe()
    await expect.poll(subscriptions, LONG).toEqual([1])
  })
})
