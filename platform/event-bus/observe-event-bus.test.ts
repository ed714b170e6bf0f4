import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createMetrics, type Metrics } from '../metrics.ts'
import { untilHeard } from '../testing/event-bus.contract.ts'
import { LONG, listenTo, openNatsBus } from '../testing/nats-bus.ts'
import { startNats } from '../testing/nats-server.ts'
import { readOne } from '../testing/scrape.ts'
import type { EventBus } from './event-bus.ts'
import { MemoryEventBus } from './memory-event-bus.ts'
import { observeEventBus } from './observe-event-bus.ts'

function observed(bus: EventBus): Metrics {
  const metrics = createMetrics()
  observeEventBus(metrics, bus)
  return metrics
}

const messagesOf = (metrics: Metrics) => readOne(metrics, 'parley_bus_messages_total')
const droppedOf = (metrics: Metrics) => readOne(metrics, 'parley_bus_messages_dropped_total')
const isConnected = async (metrics: Metrics) => (await readOne(metrics, 'parley_bus_connected'))['']
const interruptionsOf = async (metrics: Metrics) => (await readOne(metrics, 'parley_bus_interruptions_total'))['']

const NONE_DROPPED = {
  'reason="disconnected"': 0,
  'reason="backlog"': 0,
  'reason="refused"': 0,
  'reason="foreign"': 0,
}

test('the bus of one process tells what was said and what was heard, each message once', async () => {
  await using bus = new MemoryEventBus()
  const metrics = observed(bus)
  const heard = [listenTo(bus, 'topic'), listenTo(bus, 'topic')]
  for (const topic of ['topic', 'nobody listens']) bus.publish(topic, 1)
  await expect.poll(() => heard).toEqual([[1], [1]])

  expect(await messagesOf(metrics)).toEqual({ 'direction="published"': 2, 'direction="received"': 1 })
  expect(await droppedOf(metrics)).toEqual(NONE_DROPPED)
  expect([await isConnected(metrics), await interruptionsOf(metrics)]).toEqual([1, 0])
})

test('NATS that goes away is an interruption, and what is said meanwhile is dropped', async (context) => {
  const server = await startNats(context)
  const [here, there] = [openNatsBus(server.url), openNatsBus(server.url)]
  const metrics = observed(here.bus)
  await untilHeard(here.bus, [here.bus, there.bus])
  expect([await isConnected(metrics), await interruptionsOf(metrics)]).toEqual([1, 0])
  const { 'direction="published"': before = 0 } = await messagesOf(metrics)
  expect(before).toBeGreaterThan(0)
  expect(await droppedOf(metrics)).toEqual({ ...NONE_DROPPED, 'reason="disconnected"': expect.any(Number) })
  const { 'reason="disconnected"': early = 0 } = await droppedOf(metrics)

  await server.kill()
  await expect.poll(() => isConnected(metrics), LONG).toBe(0)
  for (let count = 0; count < 5; count += 1) here.bus.publish('topic', count)
  expect(await interruptionsOf(metrics)).toBe(1)
  expect(await droppedOf(metrics)).toEqual({ ...NONE_DROPPED, 'reason="disconnected"': early + 5 })
  expect(await messagesOf(metrics)).toMatchObject({ 'direction="published"': before })

  await server.start()
  await expect.poll(() => isConnected(metrics), LONG).toBe(1)
  expect(await interruptionsOf(metrics)).toBe(1)
})

test('what another graph says on the same NATS is foreign', async (context) => {
  const server = await startNats(context)
  const here = openNatsBus(server.url, { serviceSecret: randomUUID() })
  const [theirs, ours] = [openNatsBus(server.url), openNatsBus(server.url, { serviceSecret: randomUUID() })]
  const metrics = observed(here.bus)
  const heard = listenTo(here.bus, 'topic')
  for (const { bus } of [here, theirs, ours]) await expect.poll(() => bus.traffic?.isConnected, LONG).toBe(true)
  await untilHeard(here.bus, [here.bus])
  for (const { bus } of [theirs, ours]) bus.publish('topic', 'what we do not read')
  await expect
    .poll(() => droppedOf(metrics), LONG)
    .toEqual({
      ...NONE_DROPPED,
      'reason="disconnected"': expect.any(Number),
      'reason="foreign"': 2,
    })
  expect(heard).toEqual([])
})
