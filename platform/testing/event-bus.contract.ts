import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import type { EventBus } from '../event-bus/event-bus.ts'
import type { Logger } from '../logging.ts'

/** A bus as the processes of one graph have it: the same object, or one each. */
export interface BusEngine {
  /**
   * Opens `count` ends of one new bus, which are disposed when the test ends.
   *
   * @param logger is told what listeners throw.
   */
  open(count: number, logger: Logger): Promise<EventBus[]>
}

/** What every engine of the bus must do while nothing is lost. */
export function testEventBus(name: string, engine: BusEngine): void {
  const open = (count: number, logger = pino({ level: 'silent' })) => engine.open(count, logger)
  const ends: Ends = { one: async (logger) => one(await open(1, logger)), two: async () => two(await open(2)) }
  describe(`${name} as an event bus`, () => {
    testDelivery(ends)
    testPayloads(ends)
    testSubscribing(ends)
    testTrouble(ends)
  })
}

/** How a test opens what it needs. */
interface Ends {
  one(logger?: Logger): Promise<EventBus>
  two(): Promise<[EventBus, EventBus]>
}

/** Who hears what, and when. */
function testDelivery(ends: Ends): void {
  test('calls every listener of a topic, at every end, and no listener of another topic', async () => {
    const [here, there] = await ends.two()
    const [topic, other] = [`conversation/${randomUUID()}`, `conversation/${randomUUID()}`]
    const heard = [listenTo(here, topic), listenTo(here, topic), listenTo(there, topic)]
    const elsewhere = [listenTo(here, other), listenTo(there, other), listenTo(there, 'conversation')]
    await untilHeard(there, [here, there])

    here.publish(topic, 'from here')
    there.publish(topic, 'from there')
    await untilHeard(here, [here, there])
    await untilHeard(there, [here, there])
    for (const messages of heard) expect(messages.toSorted()).toEqual(['from here', 'from there'])
    expect(elsewhere).toEqual([[], [], []])
  })

  test('keeps the order of what one end says', async () => {
    const [here, there] = await ends.two()
    const heard = listenTo(there, 'counting')
    await untilHeard(here, [there])
    const numbers = Array.from({ length: 500 }, (_, number) => number)
    for (const number of numbers) here.publish('counting', number)
    await expect.poll(() => heard).toEqual(numbers)
  })

  test('never delivers while it publishes', async () => {
    const bus = await ends.one()
    const heard = listenTo(bus, 'later')
    await untilHeard(bus, [bus])
    bus.publish('later', 1)
    expect(heard).toEqual([])
    await expect.poll(() => heard).toEqual([1])
  })

  test('delivers by value: what a publisher changes afterwards, nobody sees', async () => {
    const bus = await ends.one()
    const heard = listenTo(bus, 'values')
    await untilHeard(bus, [bus])
    const payload = { count: 1 }
    bus.publish('values', payload)
    payload.count = 2
    await expect.poll(() => heard).toEqual([{ count: 1 }])
  })
}

/** What becomes of a payload on its way. */
function testPayloads(ends: Ends): void {
  test.for<[string, unknown]>([
    ['an object', { epoch: randomUUID(), events: [{ seq: 1, at: '2030-01-01T00:00:00.000Z', text: 'Grüße 👋\n' }] }],
    ['an array', [1, [2], { three: 3 }]],
    ['a string', 'parley.>'],
    ['a number', -1.5],
    ['false', false],
    ['null', null],
  ])('carries %s as it is', async ([, payload]) => {
    await expectArrival(await ends.two(), payload, payload)
  })

  test.for<[string, unknown, unknown]>([
    ['what JSON leaves out', { kept: 1, left: undefined }, { kept: 1 }],
    ['undefined', undefined, null],
    ['what JSON cannot say', 1n, null],
    ['64 KB', 'x'.repeat(65_534), 'x'.repeat(65_534)],
    ['more than 64 KB', 'x'.repeat(65_535), null],
    ['more than 64 KB in few letters', '👋'.repeat(16_400), null],
  ])('carries %s as JSON, or a ring alone', async ([, payload, arriving]) => {
    await expectArrival(await ends.two(), payload, arriving)
  })
}

/** Who listens changes while messages arrive. */
function testSubscribing(ends: Ends): void {
  test('calls a listener no more once it is unsubscribed, however often that is done', async () => {
    const bus = await ends.one()
    const heard: unknown[] = []
    const unsubscribe = bus.subscribe('rooms', (payload) => heard.push(payload))
    const others = listenTo(bus, 'rooms')
    await untilHeard(bus, [bus])
    unsubscribe()
    unsubscribe()
    bus.publish('rooms', 1)
    await expect.poll(() => others).toEqual([1])
    expect(heard).toEqual([])
  })

  test('calls a listener again that came back', async () => {
    const bus = await ends.one()
    bus.subscribe('rooms', () => undefined)()
    const heard = listenTo(bus, 'rooms')
    await untilHeard(bus, [bus])
    bus.publish('rooms', 1)
    await expect.poll(() => heard).toEqual([1])
  })

  test('calls a function as often as it was subscribed', async () => {
    const bus = await ends.one()
    const heard: unknown[] = []
    const listener = (payload: unknown) => void heard.push(payload)
    const unsubscribe = bus.subscribe('twice', listener)
    bus.subscribe('twice', listener)
    await untilHeard(bus, [bus])
    bus.publish('twice', 1)
    await expect.poll(() => heard).toEqual([1, 1])
    unsubscribe()
    bus.publish('twice', 2)
    await untilHeard(bus, [bus])
    expect(heard).toEqual([1, 1, 2])
  })

  test('lets listeners subscribe and unsubscribe while they are called', async () => {
    const bus = await ends.one()
    const heard: string[] = []
    bus.subscribe('changes', () => {
      unsubscribe()
      bus.subscribe('changes', () => heard.push('added'))
    })
    const unsubscribe = bus.subscribe('changes', () => heard.push('removed'))
    await untilHeard(bus, [bus])
    bus.publish('changes', null)
    await untilHeard(bus, [bus])
    expect(heard).toEqual([])
    bus.publish('changes', null)
    await untilHeard(bus, [bus])
    expect(heard).toEqual(['added'])
  })
}

/** Listeners that fail, and the end. */
function testTrouble(ends: Ends): void {
  test('hurts nobody when a listener throws, and says so in the log', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
    const bus = await ends.one(logger)
    bus.subscribe('failing', () => {
      throw new Error('This listener fails.')
    })
    const heard = listenTo(bus, 'failing')
    await untilHeard(bus, [bus])
    bus.publish('failing', 1)
    bus.publish('failing', 2)
    await expect.poll(() => heard).toEqual([1, 2])
    expect(lines).toHaveLength(2)
    expect(lines.join()).toContain('This listener fails.')
  })

  test('falls silent at one end when that is disposed, and takes what is still said to it without a word', async () => {
    const [here, there] = await ends.two()
    const [heard, others] = [listenTo(here, 'the end'), listenTo(there, 'the end')]
    await untilHeard(there, [here, there])
    if (here !== there) here.publish('the end', 'the last word')
    await here[Symbol.asyncDispose]()
    if (here !== there) await expect.poll(() => others).toEqual(['the last word'])
    const before = [...heard]
    const late = listenTo(here, 'the end')
    here.publish('the end', 'nobody hears this')
    there.publish('the end', 'the others do')
    await untilHeard(there, here === there ? [] : [there])
    expect([heard, late]).toEqual([before, []])
    await here[Symbol.asyncDispose]()
  })
}

/** What arrives on a topic. */
function listenTo(bus: EventBus, topic: string): unknown[] {
  const heard: unknown[] = []
  bus.subscribe(topic, (payload) => heard.push(payload))
  return heard
}

/** Waits until each of `listening` hears `bus`, and so has heard what it said before. */
export async function untilHeard(bus: EventBus, listening: readonly EventBus[]): Promise<void> {
  const topic = `probe/${randomUUID()}`
  const missing = new Set(listening)
  const unsubscribes = listening.map((end) => end.subscribe(topic, () => missing.delete(end)))
  const ring = () => {
    if (missing.size > 0) bus.publish(topic, null)
    return missing.size
  }
  await expect.poll(ring, { timeout: 20_000, interval: 5 }).toBe(0)
  for (const unsubscribe of unsubscribes) unsubscribe()
}

function one([bus]: EventBus[]): EventBus {
  if (!bus) throw new Error('The engine opened no end.')
  return bus
}

function two([here, there]: EventBus[]): [EventBus, EventBus] {
  if (!here || !there) throw new Error('The engine opened fewer than two ends.')
  return [here, there]
}

async function expectArrival([here, there]: [EventBus, EventBus], payload: unknown, arriving: unknown): Promise<void> {
  const heard = listenTo(there, 'payloads')
  await untilHeard(here, [there])
  here.publish('payloads', payload)
  await expect.poll(() => heard).toEqual([arriving])
}
